//! Tokens and money: set aside before a call, settled after it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Tokens, fault::Fault};

/// What a run may spend, has spent and has set aside. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Budget {
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

/// An amount of both currencies.
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

/// Whether an amount fits in.
enum Room {
    Yes,
    /// It would, once calls under way turn out cheaper than what is set aside for them.
    Perhaps,
    No(Fault),
}

impl Budget {
    /// A budget of so many tokens and dollars, some of which are spent. None is no limit.
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

    /// Sets aside an upper estimate of what a call takes. Where it fits in but for calls under way, it waits for those: they
    /// rarely use all that is set aside for them.
    pub(super) async fn reserve(&self, amount: Amount) -> Result<Reservation, Fault> {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            // From here on no settling is missed.
            settled.as_mut().enable();
            if let Some(reservation) = self.try_reserve(amount)? {
                return Ok(reservation);
            }
            settled.await;
        }
    }

    fn try_reserve(&self, amount: Amount) -> Result<Option<Reservation>, Fault> {
        let mut books = self.lock();
        match self.room(&books, amount) {
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

    fn room(&self, books: &Books, amount: Amount) -> Room {
        let mut room = Room::Yes;
        if let Some(allowed) = self.tokens {
            let (spent, reserved) = (books.spent.tokens.sum(), books.reserved.tokens.sum());
            let next = amount.tokens.sum();
            if spent.saturating_add(next) > allowed {
                return Room::No(Fault::BudgetSpent {
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
                return Room::No(Fault::BudgetSpent {
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

    /// Whether an amount would fit in beside what another run used.
    pub(super) fn check_beside(&self, used: Amount, next: Amount) -> Result<(), Fault> {
        let other = Books {
            spent: used,
            reserved: Amount::default(),
        };
        match self.room(&other, next) {
            Room::No(fault) => Err(fault),
            Room::Yes | Room::Perhaps => Ok(()),
        }
    }

    /// Books what was spent without a reservation.
    pub(super) fn spend(&self, amount: Amount) {
        let mut books = self.lock();
        books.spent = books.spent.plus(amount);
    }

    #[cfg(test)]
    fn spent(&self) -> Amount {
        self.lock().spent
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An amount that is set aside; given back when dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    budget: Budget,
    amount: Amount,
}

impl Reservation {
    /// Books what was spent in fact, and gives the rest back.
    pub(super) fn settle(self, actual: Amount) {
        self.budget.spend(actual);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut books = self.budget.lock();
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
        let budget = Budget::new(Some(100), Some(1.0), amount(40, 0.4));
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
                Err(Fault::BudgetSpent { budget, .. }) => assert_eq!(spent, budget, "{tokens} {usd}"),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn without_a_limit_all_fits() {
        let budget = Budget::new(None, None, amount(u64::MAX, 1e9));
        assert!(budget.reserve(amount(u64::MAX, 1e9)).now_or_never().unwrap().is_ok());
    }

    #[test]
    fn a_call_waits_for_those_under_way() {
        let budget = Budget::new(Some(100), None, Amount::default());
        let first = budget.reserve(amount(80, 0.0)).now_or_never().unwrap().unwrap();
        let mut second = Box::pin(budget.reserve(amount(50, 0.0)));
        assert!(second.as_mut().now_or_never().is_none());
        first.settle(amount(30, 0.0));
        let second = second.now_or_never().unwrap().unwrap();
        assert_eq!(budget.spent().tokens.sum(), 30);
        let mut third = Box::pin(budget.reserve(amount(60, 0.0)));
        assert!(third.as_mut().now_or_never().is_none());
        second.settle(amount(50, 0.0));
        assert!(matches!(third.now_or_never(), Some(Err(Fault::BudgetSpent { .. }))));
    }

    #[test]
    fn what_is_set_aside_comes_back() {
        let budget = Budget::new(Some(100), Some(1.0), Amount::default());
        drop(budget.reserve(amount(100, 1.0)).now_or_never().unwrap().unwrap());
        assert!(budget.reserve(amount(100, 1.0)).now_or_never().unwrap().is_ok());
        assert_eq!(budget.spent(), Amount::default());
        assert!(budget.check_beside(amount(50, 0.0), amount(51, 0.0)).is_err());
        assert!(budget.check_beside(amount(50, 0.0), amount(50, 0.0)).is_ok());
    }
}
