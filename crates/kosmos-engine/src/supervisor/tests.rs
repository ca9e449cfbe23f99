//! The hub with agents of one line each.

use std::{
    path::Path,
    rc::Rc,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::FutureExt;

use super::{Observed, RestartPolicy, StopSignal, SupervisorError};
use crate::{
    RunId, SUPERVISOR,
    agent::{Agent, AgentError},
    journal::{Durability, Options},
    sample::{
        AgentContext, AgentSpec, Commit, DIRECTOR, Ending, Envelope, Handled, Handling, Hub, HubOptions, Journal,
        Outgoing, Registry, RunResult, Status, Talk,
    },
};

/// Answers every message in the same way.
struct Fixed(fn() -> Result<Handled, AgentError>);

impl Agent<Talk> for Fixed {
    fn handle(self: Rc<Self>, _: Envelope, _: AgentContext) -> Handling {
        async move { (self.0)() }.boxed_local()
    }
}

fn away() -> Result<Handled, AgentError> {
    Err(AgentError::Paused {
        what: "no answer from the endpoint for 10m".to_owned(),
        remedy: "start it".to_owned(),
    })
}

fn unrecorded() -> Result<Handled, AgentError> {
    Err(AgentError::not_recorded(std::io::Error::other("no reply is recorded")))
}

fn ends() -> Result<Handled, AgentError> {
    let end = Ending {
        status: Status::Complete,
        message: "done".to_owned(),
    };
    Ok(Outgoing::new(SUPERVISOR, Talk::Ended(end)).into())
}

/// A journal in which a message waits for the director.
async fn journal(folder: &Path) -> Journal {
    let durability = Durability::Process;
    let journal = Journal::open(folder, Options { durability }).unwrap();
    let first = Envelope::external(&run(), 0, DIRECTOR.into(), Talk::said("b", "d"));
    journal.commit(Commit::of_message(first)).await.unwrap();
    journal
}

fn run() -> RunId {
    "r".parse().unwrap()
}

/// Works on the run with a director that answers so; gives what was seen of trouble too.
async fn work(
    folder: &Path,
    journal: &Journal,
    answer: fn() -> Result<Handled, AgentError>,
) -> (Result<RunResult, SupervisorError>, Vec<String>) {
    let mut registry = Registry::default();
    let spec = AgentSpec::new(Duration::from_secs(60), move || {
        Ok(Rc::new(Fixed(answer)) as Rc<dyn Agent<Talk>>)
    });
    registry.register(DIRECTOR, spec);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let options = HubOptions {
        policy: RestartPolicy::default(),
        wall_left: None,
        drain: Duration::from_secs(5),
        observer: Arc::new(move |observed| {
            if matches!(observed, Observed::Paused { .. } | Observed::Restarted { .. }) {
                kept.lock().unwrap().push(format!("{observed:?}"));
            }
        }),
    };
    let hub = Hub::new(run(), Arc::from(folder), journal.clone(), &registry, options);
    let result = hub.run_to_end(&StopSignal::default()).await;
    let seen = seen.lock().unwrap().clone();
    (result, seen)
}

#[test]
fn an_agent_that_pauses_stops_the_run_and_its_message_waits() {
    let folder = tempfile::tempdir().unwrap();
    actix::System::new().block_on(async {
        let journal = journal(folder.path()).await;
        let (result, seen) = work(folder.path(), &journal, away).await;
        let paused = RunResult::Paused {
            reason: "no answer from the endpoint for 10m".to_owned(),
            remedy: "start it".to_owned(),
        };
        assert_eq!(result.unwrap(), paused);
        assert!(seen.len() == 1 && seen[0].starts_with("Paused"), "{seen:?}");
        let waiting = journal.pending_messages().unwrap();
        let failures: Vec<u32> = waiting.iter().map(|pending| pending.failures).collect();
        assert_eq!(failures, [0], "it waits, and has not failed");

        let (result, seen) = work(folder.path(), &journal, ends).await;
        assert!(matches!(result.unwrap(), RunResult::Ended(end) if end.status == Status::Complete));
        assert!(seen.is_empty(), "{seen:?}");
        let waiting = journal.pending_messages().unwrap();
        assert!(waiting.iter().all(|pending| pending.envelope.to.as_str() == SUPERVISOR));
    });
}

#[test]
fn a_stop_that_is_asked_for_while_the_hub_is_busy_is_heeded() {
    let folder = tempfile::tempdir().unwrap();
    actix::System::new().block_on(async {
        let journal = journal(folder.path()).await;
        let mut registry = Registry::default();
        let spec = AgentSpec::new(Duration::from_secs(60), || {
            Ok(Rc::new(Fixed(|| Ok(Vec::new().into()))) as Rc<dyn Agent<Talk>>)
        });
        registry.register(DIRECTOR, spec);
        let stop = StopSignal::default();
        let asking = stop.clone();
        let options = HubOptions {
            policy: RestartPolicy::default(),
            wall_left: None,
            drain: Duration::from_secs(5),
            // Told in the middle of its round, when it waits for nothing.
            observer: Arc::new(move |observed| {
                if matches!(observed, Observed::Delivered(_)) {
                    asking.request_stop();
                }
            }),
        };
        let hub = Hub::new(run(), Arc::from(folder.path()), journal.clone(), &registry, options);
        assert_eq!(hub.run_to_end(&stop).await.unwrap(), RunResult::Stopped);
    });
}

#[test]
fn a_question_without_a_recorded_reply_is_told_from_a_missing_backend() {
    let folder = tempfile::tempdir().unwrap();
    actix::System::new().block_on(async {
        let journal = journal(folder.path()).await;
        let (result, _) = work(folder.path(), &journal, unrecorded).await;
        assert!(matches!(result, Err(SupervisorError::NotRecorded { .. })), "{result:?}");
    });
}
