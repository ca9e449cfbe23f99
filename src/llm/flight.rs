//! Calls under way, by question: an agent that asks the same question waits for the same reply.

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
use kosmos_engine::agent::Cancel;

type Outcome = Result<Arc<Receipt>, LlmError>;

/// The calls under way. A call does not belong to any of those who wait for it: it continues when an agent fails, so
/// that the restarted agent need not pay again, and is cancelled when the last waiting agent is cancelled.
#[derive(Clone)]
pub(super) struct Flights {
    runtime: Handle,
    /// Counts the tasks: the journal must not be closed before they have ended.
    tasks: TaskTracker,
    /// Cancels all calls.
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

/// A caller that waits.
struct Waiting<'a> {
    flights: &'a Flights,
    key: &'a str,
    number: u64,
    cancel: &'a Cancel,
}

impl Flights {
    /// Calls run on `runtime` until `stop` fires.
    pub(super) fn new(runtime: Handle, stop: CancellationToken) -> Self {
        Self {
            runtime,
            tasks: TaskTracker::new(),
            stop,
            under_way: Arc::default(),
        }
    }

    /// Waits for the call under way for `key`, or starts `call` if there is none.
    pub(super) async fn join_or_start<F>(
        &self,
        key: &str,
        cancel: &Cancel,
        call: impl FnOnce(CancellationToken) -> F,
    ) -> Outcome
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let (outcome, _waiting) = self.join_flight(key, cancel, call);
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(LlmError::Cancelled),
            outcome = outcome => outcome,
        }
    }

    /// Runs other work on the runtime of the calls.
    pub(super) async fn run_on_runtime<T, F>(&self, work: F) -> Result<T, LlmError>
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

    /// Cancels all calls and waits until they have ended.
    pub(super) async fn stop_and_wait(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn join_flight<'a, F>(
        &'a self,
        key: &'a str,
        cancel: &'a Cancel,
        call: impl FnOnce(CancellationToken) -> F,
    ) -> (Shared<BoxFuture<'static, Outcome>>, Waiting<'a>)
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut table = self.lock_table();
        table.number += 1;
        let next = table.number;
        let flight = table.flights.entry(key.to_owned()).or_insert_with(|| {
            let stop = self.stop.child_token();
            let task = self.start_flight(key, next, call(stop.clone()));
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

    fn start_flight<F>(&self, key: &str, number: u64, call: F) -> Shared<BoxFuture<'static, Outcome>>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let (flights, own) = (self.clone(), key.to_owned());
        let task = self.tasks.spawn_on(
            async move {
                let outcome = call.await;
                flights.remove_flight(&own, number);
                outcome
            },
            &self.runtime,
        );
        let (flights, key) = (self.clone(), key.to_owned());
        async move {
            match task.await {
                Ok(outcome) => outcome,
                Err(error) => {
                    flights.remove_flight(&key, number);
                    Err(match error.is_panic() {
                        true => LlmError::without_reply(
                            "reading the reply failed because of a bug in Kosmos: please report it".to_owned(),
                        ),
                        false => LlmError::Cancelled,
                    })
                }
            }
        }
        .boxed()
        .shared()
    }

    fn remove_flight(&self, key: &str, number: u64) {
        let mut table = self.lock_table();
        if table.flights.get(key).is_some_and(|flight| flight.number == number) {
            table.flights.remove(key);
        }
    }

    fn lock_table(&self) -> MutexGuard<'_, Table> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut table = self.flights.lock_table();
        let Some(flight) = table
            .flights
            .get_mut(self.key)
            .filter(|flight| flight.number == self.number)
        else {
            return;
        };
        flight.waiting = flight.waiting.saturating_sub(1);
        if flight.waiting == 0 && self.cancel.is_cancelled() {
            // Removed at once, so that the next caller starts a new call.
            flight.stop.cancel();
            table.flights.remove(self.key);
        }
    }
}
