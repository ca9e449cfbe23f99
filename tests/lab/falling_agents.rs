//! Each agent in turn panics, fails or freezes: it is restarted and the findings are the same.

use std::{
    path::PathBuf,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::trial::write_short_run;
use futures::FutureExt;
use kosmos::{
    agent::{Agent, AgentContext, AgentError, Handling},
    config::{Environment, Overrides, Request},
    lab::{Finished, Lab, RunFolder},
    message::{AgentName, Envelope, ModelLost, Outgoing, Payload, agent},
    progress::{Progress, ProgressEvent},
    science::{EndReason, RunStatus},
};
use kosmos_testing::{
    TestHome, describe_output,
    fixture::share_text,
    kosmos_binary, read_findings_text, repository_path,
    sample::{draw_sample, is_deep_tier},
};

struct Silent;

impl Progress for Silent {
    fn on(&self, _: ProgressEvent) {}
}

/// What goes wrong, and on how many deliveries.
#[derive(Clone)]
struct Fault {
    kind: Kind,
    left: Arc<AtomicU32>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    PanicAtOnce,
    PanicLater,
    Freeze,
    /// Its model is away, and the run is to pause.
    Pause,
    /// Its model is away, and the run is to end.
    LoseModel,
}

struct Faulty {
    inner: Rc<dyn Agent<Payload>>,
    fault: Fault,
}

impl Agent<Payload> for Faulty {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Handling {
        let hit = self
            .fault
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok();
        match (hit, self.fault.kind) {
            (false, _) => Rc::clone(&self.inner).handle(message, context),
            (true, Kind::PanicAtOnce) => panic!("forced at once"),
            (true, Kind::PanicLater) => async move {
                let _ = Rc::clone(&self.inner).handle(message, context).await;
                panic!("forced after the work was done, before its commit")
            }
            .boxed_local(),
            (true, Kind::Freeze) => std::future::pending().boxed_local(),
            (true, Kind::Pause) => async {
                Err(AgentError::Paused {
                    what: "no reply from the endpoint".to_owned(),
                    remedy: "start it".to_owned(),
                })
            }
            .boxed_local(),
            (true, Kind::LoseModel) => async move {
                let mut handled = Rc::clone(&self.inner).handle(message, context).await?;
                let detail = "no reply from the endpoint; start it".to_owned();
                handled
                    .sent
                    .push(Outgoing::new(agent::RESEARCH_DIRECTOR, ModelLost { detail }));
                Ok(handled)
            }
            .boxed_local(),
        }
    }
}

fn run(home: &TestHome, sets: &[&str], fault: Option<(&'static str, Fault)>) -> (Finished, PathBuf) {
    let mut overrides = Overrides::default();
    let (run_file, batch) = match is_deep_tier() {
        true => (repository_path("examples/penguins/run.toml"), Some("research.batch=8")),
        false => (write_short_run(home, ""), None),
    };
    for set in sets.iter().copied().chain(batch) {
        overrides.add_assignment(set).unwrap();
    }
    let resolved = Request {
        run_file: Some(run_file.into()),
        environment: Environment::new([] as [(&str, &str); 0], env!("CARGO_MANIFEST_DIR")),
        overrides,
        ..Request::default()
    }
    .resolve()
    .unwrap();
    let folder = RunFolder::create(&home.path().join("home/runs"), &resolved).unwrap();
    let path = folder.path().to_owned();
    let lab = Lab::open(folder, Arc::new(Silent)).unwrap().launcher(kosmos_binary());
    let finished = lab
        .arrange(move |registry| {
            if let Some((name, fault)) = fault {
                let name = AgentName::from(name);
                registry.wrap(&name, move |inner| {
                    Rc::new(Faulty {
                        inner,
                        fault: fault.clone(),
                    })
                });
            }
        })
        .work()
        .unwrap();
    (finished, path)
}

/// The findings of a run without a fault, made once for all tests.
fn undisturbed_findings() -> String {
    share_text("short-run-of-the-built-in-agents", || {
        let home = TestHome::new();
        let (finished, path) = run(&home, &[], None);
        assert_eq!(finished.end.status, RunStatus::Answered);
        assert!(finished.dossier.restarts.is_empty());
        read_findings_text(&path)
    })
}

#[test]
fn a_fallen_agent_is_restarted_and_nothing_is_lost() {
    let home = TestHome::new();
    let expected = undisturbed_findings();
    let kinds = [Kind::PanicAtOnce, Kind::PanicLater];
    let sample = draw_sample("fallen_agents", agent::BUILT_IN.len() * kinds.len(), 6);
    for point in sample.points {
        let (name, kind) = (agent::BUILT_IN[point / kinds.len()], kinds[point % kinds.len()]);
        let fault = Fault {
            kind,
            left: Arc::new(AtomicU32::new(1)),
        };
        let (finished, path) = run(&home, &[], Some((name, fault)));
        let (end, restarts) = (&finished.end, &finished.dossier.restarts);
        assert_eq!(end.status, RunStatus::Answered, "{name} {kind:?}: {}", end.message);
        assert_eq!(restarts.len(), 1, "{name} {kind:?}: {restarts:?}");
        assert!(restarts[0].reason.contains("forced"), "{restarts:?}");
        assert_eq!(read_findings_text(&path), expected, "{name} {kind:?}");
    }
}

#[test]
fn a_frozen_agent_is_replaced() {
    let home = TestHome::new();
    let expected = undisturbed_findings();
    for name in [agent::RESEARCH_DIRECTOR, agent::CODE_GENERATOR, agent::DATA_ANALYST] {
        let fault = Fault {
            kind: Kind::Freeze,
            left: Arc::new(AtomicU32::new(1)),
        };
        let (finished, path) = run(&home, &["supervisor.handler_deadline=2s"], Some((name, fault)));
        assert_eq!(
            finished.end.status,
            RunStatus::Answered,
            "{name}: {}",
            finished.end.message
        );
        assert_eq!(
            finished.dossier.restarts.len(),
            1,
            "{name}: {:?}",
            finished.dossier.restarts
        );
        assert_eq!(read_findings_text(&path), expected, "{name}");
    }
}

#[test]
fn a_message_that_always_kills_its_agent_is_given_up() {
    let home = TestHome::new();
    // Three failures of the first message it gets: the profile's design would end the run, so the writer.
    let fault = Fault {
        kind: Kind::PanicAtOnce,
        left: Arc::new(AtomicU32::new(3)),
    };
    let (finished, _) = run(&home, &[], Some((agent::KNOWLEDGE_GRAPH_WRITER, fault)));
    assert_eq!(finished.end.status, RunStatus::Answered, "{}", finished.end.message);
    assert_eq!(
        finished.dossier.dead_letters.len(),
        1,
        "{:?}",
        finished.dossier.dead_letters
    );
    assert_eq!(finished.dossier.dead_letters[0].agent, agent::KNOWLEDGE_GRAPH_WRITER);
}

#[test]
fn an_agent_that_never_works_ends_the_run_in_a_typed_state() {
    let home = TestHome::new();
    let fault = Fault {
        kind: Kind::PanicAtOnce,
        left: Arc::new(AtomicU32::new(u32::MAX)),
    };
    let (finished, path) = run(
        &home,
        &["supervisor.backoff_max=200ms"],
        Some((agent::DATA_ANALYST, fault)),
    );
    assert_eq!(finished.end.status, RunStatus::Failed);
    assert!(
        finished.end.message.contains(agent::DATA_ANALYST),
        "{}",
        finished.end.message
    );
    assert!(path.join("report.html").is_file());
}

#[test]
fn a_run_whose_model_is_away_pauses_and_goes_on_as_if_it_had_not() {
    let home = TestHome::new();
    let expected = undisturbed_findings();
    for name in [agent::HYPOTHESIS_GENERATOR, agent::DATA_ANALYST] {
        let fault = Fault {
            kind: Kind::Pause,
            left: Arc::new(AtomicU32::new(1)),
        };
        let (paused, path) = run(&home, &[], Some((name, fault)));
        assert_eq!(
            (paused.end.status, &paused.end.reason),
            (RunStatus::Stopped, &EndReason::Outage)
        );
        let id = path.file_name().unwrap().to_str().unwrap();
        let message = format!("no reply from the endpoint; start it; `kosmos resume {id}` goes on");
        assert_eq!(paused.end.message, message);
        assert!(paused.dossier.restarts.is_empty() && path.join("report.html").is_file());

        // What another process is told of it, and what resuming it gives.
        let status = home.run(&["status", id, "--json"]);
        let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
        assert_eq!(
            (&status["status"], &status["stopped"]),
            (&"stopped".into(), &"no reply from the endpoint; start it".into())
        );
        assert_eq!(home.run(&["report", id]).status.code(), Some(0));
        // The test began it, not the user of this home.
        home.trust(id);
        let resumed = home.run(&["resume", id]);
        assert!(
            matches!(resumed.status.code(), Some(0 | 3)),
            "{}",
            describe_output(&resumed)
        );
        assert_eq!(read_findings_text(&path), expected, "{name}");
        let again = home.run(&["replay", id]);
        assert_eq!(again.status.code(), Some(0), "{}", describe_output(&again));
    }
}

#[test]
fn a_run_whose_model_is_lost_ends_with_a_report() {
    let home = TestHome::new();
    let fault = Fault {
        kind: Kind::LoseModel,
        left: Arc::new(AtomicU32::new(1)),
    };
    let (finished, path) = run(&home, &[], Some((agent::HYPOTHESIS_GENERATOR, fault)));
    assert_eq!(
        (finished.end.status, &finished.end.reason),
        (RunStatus::Failed, &EndReason::Outage)
    );
    assert_eq!(finished.end.message, "no reply from the endpoint; start it");
    assert!(path.join("report.html").is_file() && path.join("findings.json").is_file());
}
