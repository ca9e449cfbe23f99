//! Calls under way, by the question: who asks what is asked already waits for the same reply.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{LlmError, Receipt};
use crate::agent::Cancel;

type Outcome = Result<Arc<Receipt>, LlmError>;

/// The calls under way. A call belongs to nobody who waits for it: it goes on when an agent falls, so that the fresh one
/// need not pay again, and is called off when the last who waits was itself called off.
#[derive(Clone)]
pub(super) struct Flights {
    runtime: Handle,
    /// Counts the tasks; a journal must not be closed under them.
    tasks: TaskTracker,
    /// Calls all of them off.
    stop: CancellationToken,
    under_way: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    flights: HashMap<String, Flight>,
    number: u64,
}

struct Flight {
    number: u64,
    waiting: usize,
    stop: CancellationToken,
    outcome: Shared<BoxFuture<'static, Outcome>>,
}

/// One who waits.
struct Waiting<'a> {
    flights: &'a Flights,
    key: &'a str,
    number: u64,
    cancel: &'a Cancel,
}

impl Flights {
    /// Calls are made on `runtime` until `stop` fires.
    pub(super) fn new(runtime: Handle, stop: CancellationToken) -> Self {
        Self {
            runtime,
            tasks: TaskTracker::new(),
            stop,
            under_way: Arc::default(),
        }
    }

    /// The outcome of the call under way for `key`, or of `call` if there is none.
    pub(super) async fn join<F>(&self, key: &str, cancel: &Cancel, call: impl FnOnce(CancellationToken) -> F) -> Outcome
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let (outcome, _waiting) = self.board(key, cancel, call);
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(LlmError::Cancelled),
            outcome = outcome => outcome,
        }
    }

    /// Does something else where calls are made.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, LlmError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, LlmError>> + Send + 'static,
    {
        let stop = self.stop.clone();
        let task = self.tasks.spawn_on(
            async move {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => Err(LlmError::Cancelled),
                    outcome = work => outcome,
                }
            },
            &self.runtime,
        );
        task.await.unwrap_or(Err(LlmError::Cancelled))
    }

    /// Waits until no call is under way, after calling all off.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn board<'a, F>(
        &'a self,
        key: &'a str,
        cancel: &'a Cancel,
        call: impl FnOnce(CancellationToken) -> F,
    ) -> (Shared<BoxFuture<'static, Outcome>>, Waiting<'a>)
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut table = self.lock();
        table.number += 1;
        let next = table.number;
        let flight = table.flights.entry(key.to_owned()).or_insert_with(|| {
            let stop = self.stop.child_token();
            let task = self.start(key, next, call(stop.clone()));
            Flight {
                number: next,
                waiting: 0,
                stop,
                outcome: task,
            }
        });
        flight.waiting += 1;
        let waiting = Waiting {
            flights: self,
            key,
            number: flight.number,
            cancel,
        };
        (flight.outcome.clone(), waiting)
    }

    fn start<F>(&self, key: &str, number: u64, call: F) -> Shared<BoxFuture<'static, Outcome>>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let (flights, own) = (self.clone(), key.to_owned());
        let task = self.tasks.spawn_on(
            async move {
                let outcome = call.await;
                flights.land(&own, number);
                outcome
            },
            &self.runtime,
        );
        let (flights, key) = (self.clone(), key.to_owned());
        async move {
            match task.await {
                Ok(outcome) => outcome,
                Err(error) => {
                    flights.land(&key, number);
                    Err(match error.is_panic() {
                        true => LlmError::Invalid {
                            reason: "reading the reply failed for a mistake in Kosmos: please report it".to_owned(),
                        },
                        false => LlmError::Cancelled,
                    })
                }
            }
        }
        .boxed()
        .shared()
    }

    fn land(&self, key: &str, number: u64) {
        let mut table = self.lock();
        if table.flights.get(key).is_some_and(|flight| flight.number == number) {
            table.flights.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut table = self.flights.lock();
        let Some(flight) = table
            .flights
            .get_mut(self.key)
            .filter(|flight| flight.number == self.number)
        else {
            return;
        };
        flight.waiting = flight.waiting.saturating_sub(1);
        if flight.waiting == 0 && self.cancel.is_cancelled() {
            // Out of the table at once: who asks from now on asks anew.
            flight.stop.cancel();
            table.flights.remove(self.key);
        }
    }
}
