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
    agent::{Agent, AgentError, RestartLimits},
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

/// Sends three tasks to the worker, and ends the run when each has been done or given up.
struct Taskmaster {
    settled: Arc<Mutex<Vec<String>>>,
}

impl Agent<Talk> for Taskmaster {
    fn handle(self: Rc<Self>, message: Envelope, _: AgentContext) -> Handling {
        let sent = match &message.payload {
            Talk::Said { word, .. } if word == "b" => (1..=3)
                .map(|task| Outgoing::new("worker", Talk::said("task", &task.to_string())))
                .collect(),
            told => {
                let mut settled = self.settled.lock().unwrap();
                settled.push(match told {
                    Talk::DeadLettered(letter) => format!("{} {}", letter.attempts, letter.reason),
                    other => format!("{other:?}"),
                });
                let end = Ending {
                    status: Status::Complete,
                    message: "done".to_owned(),
                };
                let all = settled.len() == 3;
                all.then(|| Outgoing::new(SUPERVISOR, Talk::Ended(end)))
                    .into_iter()
                    .collect::<Vec<_>>()
            }
        };
        async move { Ok(sent.into()) }.boxed_local()
    }
}

/// Does the tasks that are listed, and never answers to the others.
struct Unresponsive {
    does: &'static [&'static str],
    delivered: Arc<Mutex<Vec<String>>>,
}

impl Agent<Talk> for Unresponsive {
    fn handle(self: Rc<Self>, message: Envelope, _: AgentContext) -> Handling {
        let Talk::Said { of, .. } = message.payload else {
            unreachable!()
        };
        self.delivered.lock().unwrap().push(of.clone());
        match self.does.contains(&of.as_str()) {
            true => async move { Ok(vec![Outgoing::new(DIRECTOR, Talk::said("done", &of))].into()) }.boxed_local(),
            false => std::future::pending().boxed_local(),
        }
    }
}

/// What was delivered to a worker that does these tasks only, and what became of the three tasks, in order.
fn settle_tasks(does: &'static [&'static str], dispensable: bool) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let (settled, delivered) = (Arc::default(), Arc::default());
    actix::System::new().block_on(async {
        let journal = journal(folder.path()).await;
        let mut registry = Registry::default();
        let told = Arc::clone(&settled);
        let master = AgentSpec::new(Duration::from_secs(60), move || {
            let settled = Arc::clone(&told);
            Ok(Rc::new(Taskmaster { settled }) as Rc<dyn Agent<Talk>>)
        });
        registry.register(DIRECTOR, master);
        let seen = Arc::clone(&delivered);
        let worker = AgentSpec::new(Duration::from_millis(300), move || {
            let delivered = Arc::clone(&seen);
            Ok(Rc::new(Unresponsive { does, delivered }) as Rc<dyn Agent<Talk>>)
        });
        let limits = RestartLimits {
            max_restarts: 5,
            window: Duration::from_secs(600),
            max_attempts: 3,
            dispensable,
        };
        registry.register("worker", worker.with_messages_in_order().with_limits(limits));
        let options = HubOptions {
            policy: RestartPolicy::default(),
            wall_left: None,
            drain: Duration::from_secs(5),
            observer: Arc::new(|_| {}),
        };
        let hub = Hub::new(run(), Arc::from(folder.path()), journal.clone(), &registry, options);
        let result = hub.run_to_end(&StopSignal::default()).await;
        assert!(matches!(result.unwrap(), RunResult::Ended(_)));
    });
    let taken = |list: &Arc<Mutex<Vec<String>>>| list.lock().unwrap().clone();
    (taken(&delivered), taken(&settled))
}

#[test]
fn the_deadline_of_an_agent_that_never_answers_is_paid_once() {
    let (delivered, settled) = settle_tasks(&[], true);
    assert_eq!(delivered, ["1"]);
    assert_eq!(
        settled[0],
        "1 no answer within 0.3 s; it is not sent to the agent again"
    );
    let rest =
        "0 the agent takes no further part: no answer within 0.3 s, and no answer to anything since it was started";
    assert_eq!(settled[1..], [rest, rest]);
}

#[test]
fn an_event_that_an_agent_does_not_answer_is_not_sent_again() {
    let (delivered, settled) = settle_tasks(&["1", "3"], true);
    assert_eq!(delivered, ["1", "2", "3"]);
    let given_up = "1 no answer within 0.3 s; it is not sent to the agent again";
    let done = |task| format!("{:?}", Talk::said("done", task));
    assert_eq!(settled, [done("1"), given_up.to_owned(), done("3")]);
}

#[test]
fn an_agent_on_which_the_run_depends_is_tried_again() {
    let (delivered, settled) = settle_tasks(&["1", "3"], false);
    assert_eq!(delivered, ["1", "2", "2", "2", "3"]);
    assert_eq!(settled[1], "3 no answer within 0.3 s");
}
