//! The crash matrix: a short run is done once, and its points before and after each step that makes something last are
//! counted; then it is done again for each of them, dies there, and is resumed. What it finds is the same to the byte, and
//! nothing that was done and received is done again.
//!
//! A point takes some seconds, so that a few of each kind of run are tried, drawn from the commit: `KOSMOS_TEST_DRAW=all` tries
//! every one, as `tests/run deep` does.

use std::{
    path::Path,
    process::Command,
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
    matrix("heuristic", || Heuristic);
}

#[test]
fn crash_matrix_scripted_model() {
    matrix("scripted_model", || {
        let server = ModelServer::start();
        server.models(["m"]);
        Scripted(server)
    });
}

#[test]
fn crash_matrix_bolt_graph() {
    if BoltServer::shared().is_none() {
        return;
    }
    matrix("bolt_graph", || Bolt(BoltServer::with_database("crashes").unwrap()));
}

#[test]
fn crash_matrix_plugin() {
    matrix("plugin", || Plugin);
}

fn matrix<S: Setting>(name: &str, setting: impl Fn() -> S + Sync) {
    let undisturbed = Trial::new(setting());
    let output = undisturbed.go(None);
    assert!(finished(&output), "{}", describe_output(&output));
    undisturbed.setting.check(&undisturbed.run());
    let expected = read_findings_text(&undisturbed.run());
    let points = undisturbed.reached();
    let sample = draw_sample(&format!("crash_matrix_{name}"), points.len(), POINTS);
    let chosen = &sample.points;
    let (next, died, failures) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(&point) = chosen.get(next.fetch_add(1, Ordering::SeqCst)) {
                    // Points are counted from 1 by those who die at them.
                    let number = point + 1;
                    match crash_at(number, &setting, &expected) {
                        Ok(at_point) => {
                            // If not, the run was over before: which thread comes to its point first is not always the same.
                            died.fetch_add(usize::from(at_point), Ordering::SeqCst);
                            sample.record_passed(point);
                        }
                        Err(failure) => {
                            let name = points.get(point).map_or("", |(name, _)| name);
                            failures
                                .lock()
                                .unwrap()
                                .push(format!("point {point} ({name}): {failure}"));
                        }
                    }
                }
            });
        }
    });
    let (died, failures) = (died.into_inner(), failures.into_inner().unwrap());
    eprintln!("{} points, of which {died} were died at", points.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    // Which thread comes to its point first is not always the same, so that the last points may lie beyond the end.
    let beyond = (1 + chosen.len() / 12).min(4);
    assert!(
        died + beyond >= chosen.len(),
        "only {died} of {} were died at",
        chosen.len()
    );
}

/// Whether the run died there.
fn crash_at<S: Setting>(number: usize, setting: &impl Fn() -> S, expected: &str) -> Result<bool, String> {
    let trial = Trial::new(setting());
    let output = trial.go(Some(number));
    let died = output.status.code().is_none();
    if !died && !finished(&output) {
        return Err(format!("it did not die, but failed: {}", describe_output(&output)));
    }
    if died && number.is_multiple_of(4) {
        // And once more, soon after it has gone on.
        trial.go(Some(number / 4 + 1));
    }
    let output = trial.go(None);
    if !finished(&output) {
        return Err(format!("it could not go on: {}", describe_output(&output)));
    }
    let run = trial.run();
    if read_findings_text(&run) != expected {
        return Err("it found something else".to_owned());
    }
    let again = trial.done_again();
    if !again.is_empty() {
        return Err(format!("done again: {again:?}"));
    }
    trial.setting.check(&run);
    Ok(died)
}
