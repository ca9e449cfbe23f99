//! The run's limit on tokens and money: reserved before a call, settled after it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Tokens, fault::CallFault};

/// Limits, spending and reservations of a run. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct SpendingLimit {
    tokens: Option<u64>,
    usd: Option<f64>,
    books: Arc<Mutex<Books>>,
    settled: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Books {
    spent: Amount,
    reserved: Amount,
}

/// An amount of tokens and of US dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Amount {
    pub(super) tokens: Tokens,
    pub(super) usd: f64,
}

impl Amount {
    fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens + other.tokens,
            usd: self.usd + other.usd,
        }
    }
}

/// Whether an amount fits into the limit.
enum Room {
    Yes,
    /// It does not fit now, but may once calls under way cost less than their reservations.
    Perhaps,
    No(CallFault),
}

impl SpendingLimit {
    /// Returns true if there is a limit in dollars.
    pub(super) fn limits_cost(&self) -> bool {
        self.usd.is_some()
    }

    /// A limit on tokens and dollars of which `spent` is used; `None` is no limit.
    pub(super) fn new(tokens: Option<u64>, usd: Option<f64>, spent: Amount) -> Self {
        Self {
            tokens,
            usd,
            books: Arc::new(Mutex::new(Books {
                spent,
                reserved: Amount::default(),
            })),
            settled: Arc::new(Notify::new()),
        }
    }

    /// Reserves an upper estimate of a call's cost. If only reservations of calls under way stand in its way, waits
    /// for those calls: they rarely use all that is reserved for them.
    pub(super) async fn reserve(&self, amount: Amount) -> Result<Reservation, CallFault> {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            // From here on no settlement is missed.
            settled.as_mut().enable();
            if let Some(reservation) = self.try_reserve(amount)? {
                return Ok(reservation);
            }
            settled.await;
        }
    }

    fn try_reserve(&self, amount: Amount) -> Result<Option<Reservation>, CallFault> {
        let mut books = self.lock_books();
        match self.judge_room(&books, amount) {
            Room::Yes => {
                books.reserved = books.reserved.plus(amount);
                Ok(Some(Reservation {
                    budget: self.clone(),
                    amount,
                }))
            }
            Room::Perhaps => Ok(None),
            Room::No(fault) => Err(fault),
        }
    }

    fn judge_room(&self, books: &Books, amount: Amount) -> Room {
        let mut room = Room::Yes;
        if let Some(allowed) = self.tokens {
            let (spent, reserved) = (books.spent.tokens.sum(), books.reserved.tokens.sum());
            let next = amount.tokens.sum();
            if spent.saturating_add(next) > allowed {
                return Room::No(CallFault::BudgetSpent {
                    budget: "tokens",
                    detail: format!("{spent} of {allowed} tokens are used and the next call may take {next}"),
                });
            }
            if spent.saturating_add(reserved).saturating_add(next) > allowed {
                room = Room::Perhaps;
            }
        }
        if let Some(allowed) = self.usd {
            let (spent, reserved, next) = (books.spent.usd, books.reserved.usd, amount.usd);
            if spent + next > allowed {
                return Room::No(CallFault::BudgetSpent {
                    budget: "usd",
                    detail: format!("{spent:.4} of {allowed} US dollars are used and the next call may take {next:.4}"),
                });
            }
            if spent + reserved + next > allowed {
                room = Room::Perhaps;
            }
        }
        room
    }

    /// Checks that an amount would have fitted into the budget of another run that used `used`.
    pub(super) fn check_fits_beside(&self, used: Amount, next: Amount) -> Result<(), CallFault> {
        let other = Books {
            spent: used,
            reserved: Amount::default(),
        };
        match self.judge_room(&other, next) {
            Room::No(fault) => Err(fault),
            Room::Yes | Room::Perhaps => Ok(()),
        }
    }

    /// Records an amount that was spent without a reservation.
    pub(super) fn record_spent(&self, amount: Amount) {
        let mut books = self.lock_books();
        books.spent = books.spent.plus(amount);
    }

    #[cfg(test)]
    fn spent(&self) -> Amount {
        self.lock_books().spent
    }

    fn lock_books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reserved amount; released when dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    budget: SpendingLimit,
    amount: Amount,
}

impl Reservation {
    /// Records the actual amount and releases the rest of the reservation.
    pub(super) fn settle(self, actual: Amount) {
        self.budget.record_spent(actual);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut books = self.budget.lock_books();
        let left = &mut books.reserved;
        left.tokens.input = left.tokens.input.saturating_sub(self.amount.tokens.input);
        left.tokens.output = left.tokens.output.saturating_sub(self.amount.tokens.output);
        left.usd = (left.usd - self.amount.usd).max(0.0);
        drop(books);
        self.budget.settled.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn amount(output: u64, usd: f64) -> Amount {
        Amount {
            tokens: Tokens { input: 0, output },
            usd,
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let budget = SpendingLimit::new(Some(100), Some(1.0), amount(40, 0.4));
        let table = [
            (60, 0.6, ""),
            (61, 0.1, "tokens"),
            (1, 0.61, "usd"),
            (u64::MAX, 0.0, "tokens"),
        ];
        for (tokens, usd, spent) in table {
            let outcome = budget.reserve(amount(tokens, usd)).now_or_never().unwrap();
            match outcome {
                Ok(_) => assert_eq!(spent, "", "{tokens} {usd}"),
                Err(CallFault::BudgetSpent { budget, .. }) => assert_eq!(spent, budget, "{tokens} {usd}"),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn without_a_limit_all_fits() {
        let budget = SpendingLimit::new(None, None, amount(u64::MAX, 1e9));
        assert!(budget.reserve(amount(u64::MAX, 1e9)).now_or_never().unwrap().is_ok());
    }

    #[test]
    fn a_call_waits_for_those_under_way() {
        let budget = SpendingLimit::new(Some(100), None, Amount::default());
        let first = budget.reserve(amount(80, 0.0)).now_or_never().unwrap().unwrap();
        let mut second = Box::pin(budget.reserve(amount(50, 0.0)));
        assert!(second.as_mut().now_or_never().is_none());
        first.settle(amount(30, 0.0));
        let second = second.now_or_never().unwrap().unwrap();
        assert_eq!(budget.spent().tokens.sum(), 30);
        let mut third = Box::pin(budget.reserve(amount(60, 0.0)));
        assert!(third.as_mut().now_or_never().is_none());
        second.settle(amount(50, 0.0));
        assert!(matches!(third.now_or_never(), Some(Err(CallFault::BudgetSpent { .. }))));
    }

    #[test]
    fn what_is_set_aside_comes_back() {
        let budget = SpendingLimit::new(Some(100), Some(1.0), Amount::default());
        drop(budget.reserve(amount(100, 1.0)).now_or_never().unwrap().unwrap());
        assert!(budget.reserve(amount(100, 1.0)).now_or_never().unwrap().is_ok());
        assert_eq!(budget.spent(), Amount::default());
        assert!(budget.check_fits_beside(amount(50, 0.0), amount(51, 0.0)).is_err());
        assert!(budget.check_fits_beside(amount(50, 0.0), amount(50, 0.0)).is_ok());
    }
}
