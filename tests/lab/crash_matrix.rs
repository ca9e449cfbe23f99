//! The crash matrix: a short run dies at each point before and after a step that makes something last, and is resumed.
//! What it finds is the same to the byte, and nothing that was done and received is done again.
//!
//! A point takes some seconds, so that a few of each kind of run are tried, drawn from the commit:
//! `KOSMOS_TEST_DRAW=all` tries every one, as `tests/run deep` does.

use std::{
    path::Path,
    process::{Command, Output},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use kosmos_testing::{
    bolt_server::BoltServer, describe_output, model_server::ModelServer, read_findings_text, read_report,
    sample::draw_sample,
};

use crate::trial::{Heuristic, Setting, Trial, finished};

/// Points of each kind of run in the default tier.
const POINTS: usize = 4;

/// Why a run that died was not as it should be.
#[derive(Debug, thiserror::Error)]
enum MatrixFault {
    #[error("it did not die, but failed: {}", describe_output(.0))]
    Failed(Output),
    #[error("it could not go on: {}", describe_output(.0))]
    Stuck(Output),
    #[error("it found something else")]
    OtherFindings,
    #[error("done again: {0:?}")]
    DoneAgain(Vec<String>),
}

/// A model that answers each question with the least that fits its schema.
struct Scripted(ModelServer);

impl Setting for Scripted {
    fn settings(&self) -> String {
        let url = self.0.url();
        format!(
            "[llm]\nprovider = \"litellm\"\nmodel = \"m\"\nbase_url = \"{url}\"\nbackoff_min = \"1ms\"\nbackoff_max = \"5ms\"\n"
        )
    }

    fn tell(&self, command: &mut Command) {
        command.args(["--set", "policy=llm"]);
    }
}

/// A graph on a server.
struct Bolt(BoltServer);

impl Setting for Bolt {
    fn tell(&self, command: &mut Command) {
        self.0.configure(command);
    }
}

/// An agent with a state, that has scripts run.
struct Plugin;

impl Setting for Plugin {
    fn settings(&self) -> String {
        "[agents.witness]\nenabled = true\n".to_owned()
    }

    fn check(&self, run: &Path) {
        let report = read_report(run);
        assert!(report.contains("events"), "the agent wrote no section: {report}");
    }
}

#[test]
fn crash_matrix_heuristic() {
    matrix("heuristic", &Heuristic);
}

#[test]
fn crash_matrix_scripted_model() {
    let server = ModelServer::start();
    server.models(["m"]);
    matrix("scripted_model", &Scripted(server));
}

#[test]
fn crash_matrix_bolt_graph() {
    if BoltServer::shared().is_none() {
        return;
    }
    matrix_of_deaths("bolt_graph", || Bolt(BoltServer::with_database("crashes").unwrap()));
}

#[test]
fn crash_matrix_plugin() {
    matrix("plugin", &Plugin);
}

/// A run whose parts are all on the disk is done once; at each point it stops, and what is on the disk then is copied,
/// which is what a death leaves there. Each copy that is drawn goes on.
fn matrix<S: Setting + Sync>(name: &str, setting: &S) {
    let undisturbed = Trial::new(setting);
    let (status, copies) = undisturbed.go_with_copies();
    assert!(matches!(status.code(), Some(0 | 3)), "{status}");
    undisturbed.setting.check(&undisturbed.run());
    let expected = read_findings_text(&undisturbed.run());
    let points = undisturbed.reached();
    assert_eq!(points.len(), copies.len());
    let sample = draw_sample(&format!("crash_matrix_{name}"), points.len(), POINTS);
    let mut copies: Vec<Option<Trial<&S>>> = copies.into_iter().map(Some).collect();
    let chosen = sample
        .points
        .iter()
        .map(|point| (*point, copies[*point].take().unwrap()));
    let chosen = Mutex::new(chosen.collect::<Vec<_>>());
    drop(copies);
    try_points(&points, || {
        let (point, trial) = chosen.lock().unwrap().pop()?;
        let result = go_on(&trial, point + 1, &expected);
        if result.is_ok() {
            sample.record_passed(point);
        }
        Some((point, result))
    });
}

/// A run with parts elsewhere is done anew for each point and dies there.
fn matrix_of_deaths<S: Setting>(name: &str, setting: impl Fn() -> S + Sync) {
    let undisturbed = Trial::new(setting());
    let output = undisturbed.go(None);
    assert!(finished(&output), "{}", describe_output(&output));
    let expected = read_findings_text(&undisturbed.run());
    let points = undisturbed.reached();
    let sample = draw_sample(&format!("crash_matrix_{name}"), points.len(), POINTS);
    let chosen = &sample.points;
    let (next, died) = (AtomicUsize::new(0), AtomicUsize::new(0));
    try_points(&points, || {
        let &point = chosen.get(next.fetch_add(1, Ordering::SeqCst))?;
        // Points are counted from 1 by those who die at them.
        let trial = Trial::new(setting());
        let output = trial.go(Some(point + 1));
        let result = if output.status.code().is_none() {
            died.fetch_add(1, Ordering::SeqCst);
            go_on(&trial, point + 1, &expected)
        } else if finished(&output) {
            // Which thread comes to its point first is not always the same, and the run was over before.
            Ok(())
        } else {
            Err(MatrixFault::Failed(output))
        };
        if result.is_ok() {
            sample.record_passed(point);
        }
        Some((point, result))
    });
    let died = died.into_inner();
    eprintln!("{} points, of which {died} were died at", chosen.len());
    // The last points may lie beyond the end.
    let beyond = (1 + chosen.len() / 12).min(4);
    assert!(
        died + beyond >= chosen.len(),
        "only {died} of {} were died at",
        chosen.len()
    );
}

/// Has two threads try a point each until there is none left; fails with all that failed.
fn try_points(points: &[(String, String)], try_next: impl Fn() -> Option<(usize, Result<(), MatrixFault>)> + Sync) {
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((point, result)) = try_next() {
                    if let Err(failure) = result {
                        let name = points.get(point).map_or("", |(name, _)| name);
                        let failure = format!("point {point} ({name}): {failure}");
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Resumes a run that has died at the point of that number, counted from 1.
fn go_on<S: Setting>(trial: &Trial<S>, number: usize, expected: &str) -> Result<(), MatrixFault> {
    if number.is_multiple_of(4) {
        // It dies once more, soon after it has gone on.
        trial.go(Some(number / 4 + 1));
    }
    let output = trial.go(None);
    if !finished(&output) {
        return Err(MatrixFault::Stuck(output));
    }
    let run = trial.run();
    if read_findings_text(&run) != expected {
        return Err(MatrixFault::OtherFindings);
    }
    let again = trial.done_again();
    if !again.is_empty() {
        return Err(MatrixFault::DoneAgain(again));
    }
    trial.setting.check(&run);
    Ok(())
}
