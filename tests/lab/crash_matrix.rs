//! The crash matrix: a short run is done once, and its points before and after each step that makes something last are
//! counted; then it is done again for each of them, dies there, and is resumed. What it finds is the same to the byte, and
//! nothing that was done and received is done again.
//!
//! A point takes some seconds, so that a few of each kind of run are tried. `KOSMOS_TEST_CRASHES=60 cargo test --all-features
//! --test lab -- crash_matrix` tries sixty of each, and `=all` every one.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    part,
    support::{findings_text, said},
    trial::{Heuristic, Setting, Trial, finished},
};

#[path = "../minds/server.rs"]
mod model;
#[allow(dead_code)]
#[path = "../knowledge/proxy.rs"]
mod proxy;
#[allow(dead_code)]
#[path = "../knowledge/server.rs"]
mod server;

use self::server as bolt;

/// Points of each kind of run, where no other number is asked for.
const POINTS: usize = 12;

/// A model that answers each question with the least that fits its schema.
struct Scripted(model::Server);

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
struct Bolt(bolt::Server);

impl Setting for Bolt {
    fn tell(&self, command: &mut Command) {
        self.0.tell(command);
    }
}

/// An agent with a state, that has scripts run.
struct Plugin;

impl Setting for Plugin {
    fn settings(&self) -> String {
        "[agents.witness]\nenabled = true\n".to_owned()
    }

    fn check(&self, run: &Path) {
        let report = fs::read_to_string(run.join("report.md")).unwrap();
        assert!(report.contains("events"), "the agent wrote no section: {report}");
    }
}

#[test]
fn crash_matrix_heuristic() {
    matrix(|| Heuristic);
}

#[test]
fn crash_matrix_scripted_model() {
    matrix(|| {
        let server = model::Server::start();
        server.models(["m"]);
        Scripted(server)
    });
}

#[test]
fn crash_matrix_bolt_graph() {
    if bolt::Server::shared().is_none() {
        return;
    }
    matrix(|| Bolt(bolt::Server::with_database("crashes").unwrap()));
}

#[test]
fn crash_matrix_plugin() {
    matrix(|| Plugin);
}

/// As many points as are to be died at, spread evenly.
fn chosen(points: usize) -> Vec<usize> {
    let wanted = match std::env::var("KOSMOS_TEST_CRASHES").as_deref() {
        Ok("all") => points,
        Ok(number) => number.parse().unwrap(),
        Err(_) => POINTS,
    };
    let wanted = wanted.min(points);
    (0..wanted).map(|nth| 1 + nth * points / wanted).collect()
}

fn matrix<S: Setting>(setting: impl Fn() -> S + Sync) {
    let undisturbed = Trial::new(setting());
    let output = undisturbed.go(None);
    assert!(finished(&output), "{}", said(&output));
    undisturbed.setting.check(&undisturbed.run());
    let expected = findings_text(&undisturbed.run());
    let points = undisturbed.reached();
    let chosen = chosen(points.len());
    let (next, died, failures) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(&number) = chosen.get(next.fetch_add(1, Ordering::SeqCst)) {
                    match crash_at(number, &setting, &expected) {
                        Ok(true) => drop(died.fetch_add(1, Ordering::SeqCst)),
                        // The run was over before: which thread comes to its point first is not always the same.
                        Ok(false) => {}
                        Err(failure) => {
                            let name = points.get(number - 1).map_or("", |(name, _)| name);
                            failures
                                .lock()
                                .unwrap()
                                .push(format!("point {number} ({name}): {failure}"));
                        }
                    }
                }
            });
        }
    });
    let (died, failures) = (died.into_inner(), failures.into_inner().unwrap());
    eprintln!("{} points, of which {died} were died at", points.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(died + 4 >= chosen.len(), "only {died} of {} were died at", chosen.len());
}

/// Whether the run died there.
fn crash_at<S: Setting>(number: usize, setting: &impl Fn() -> S, expected: &str) -> Result<bool, String> {
    let trial = Trial::new(setting());
    let output = trial.go(Some(number));
    let died = output.status.code().is_none();
    if !died && !finished(&output) {
        return Err(format!("it did not die, but failed: {}", said(&output)));
    }
    if died && number.is_multiple_of(4) {
        // And once more, soon after it has gone on.
        trial.go(Some(number / 4 + 1));
    }
    let output = trial.go(None);
    if !finished(&output) {
        return Err(format!("it could not go on: {}", said(&output)));
    }
    let run = trial.run();
    if findings_text(&run) != expected {
        return Err("it found something else".to_owned());
    }
    let again = trial.done_again();
    if !again.is_empty() {
        return Err(format!("done again: {again:?}"));
    }
    trial.setting.check(&run);
    Ok(died)
}
