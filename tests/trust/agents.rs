//! The attacks of agents.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use kosmos_testing::{TestHome, added_by_agents, describe_output, read_findings, read_report, repository_path, run_id};
use serde_json::Value;

use crate::open::{Verdicts, source_of};

/// The place that [`crate::open`] names.
const ON: &str = "agents";

/// The size of the file that is one hole, in bytes.
const SWOLLEN: u64 = 400 << 20;

/// How much an agent may add to a report, in bytes.
const WORDS: usize = 1 << 20;

/// A study with these agents in its folder, in which they take part.
fn study_with(agents: &[&str]) -> TestHome {
    let named: String = agents
        .iter()
        .map(|agent| format!("[agents.{agent}]\nenabled = true\n"))
        .collect();
    let study = TestHome::frugal_small(&named);
    for agent in agents {
        install(&study, agent);
        trust(&study, agent);
    }
    study
}

/// The user grants an agent what it asks for; the run refuses one that cannot be trusted.
pub fn trust(study: &TestHome, agent: &str) {
    let _ = study.run(&["agents", "trust", agent, "--yes"]);
}

/// Copies an attack into the folder's own `agents/`.
fn install(study: &TestHome, agent: &str) {
    for entry in fs::read_dir(repository_path(&format!("tests/trust/agents/{agent}"))).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        study.file(&format!("agents/{agent}/{name}"), fs::read(entry.path()).unwrap());
    }
    study.file(&format!("agents/{agent}/wire.py"), source_of("agents/wire.py"));
}

fn finish(study: &TestHome) -> (Output, PathBuf) {
    let output = study.run(&["run", "run.toml"]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    (output, study.the_run())
}

/// All that a command has printed.
fn printed(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The first line with a control character or a mark that hides text or turns its direction, or that begins as the
/// attacks' own lines do.
fn first_forged_line(what: &str, text: &str) -> Option<String> {
    let begins = |line: &str| what != "report.md" && line.trim_start().starts_with("FORGED");
    let acts = |letter: char| {
        (letter.is_control() && letter != '\t')
            || matches!(letter, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let mut lines = text.split('\n');
    let found = lines.find(|line| line.chars().any(acts) || begins(line))?;
    Some(format!(
        "{what} has the line {:?}",
        found.chars().take(200).collect::<String>()
    ))
}

/// A mark of the agent's that is one in the report.
fn forged_mark(run: &Path) -> Option<String> {
    let report = read_report(run);
    let lines: Vec<&str> = report.lines().collect();
    let own_line = lines.iter().find(|line| {
        let bare = line.trim_start_matches([' ', '>']);
        let heading = (bare.starts_with("# ") || bare.starts_with("## ")) && bare.contains("FORGED");
        let rule = bare.len() > 2 && bare.chars().all(|letter| letter == '=');
        heading || rule || bare.starts_with("~~~") || bare == "| FORGED | q |" || bare.starts_with("[FORGED]:")
    });
    if let Some(line) = own_line {
        return Some(format!("report.md has the line {line:?}"));
    }
    let begun = lines.iter().filter(|line| line.trim_start().starts_with("```")).count();
    if begun % 2 == 1 {
        return Some("report.md has a fence that is left open".to_owned());
    }
    for mark in [
        "](javascript:",
        "](https://forged.example",
        "<https://forged.example",
        "<h2 id='answer'",
        "<!-- FORGED",
    ] {
        let mut places = report.match_indices(mark);
        if places.any(|(at, _)| !report[..at].ends_with('\\')) {
            return Some(format!("report.md has {mark}"));
        }
    }
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    let marks = [
        "<h2 id='answer'",
        "<!-- FORGED",
        "href=\"javascript:",
        "\" onclick=\"FORGED",
        "href=\"https://forged.example",
    ];
    if let Some(mark) = marks.into_iter().find(|mark| page.contains(mark)) {
        return Some(format!("report.html has {mark}"));
    }
    let notebook = fs::read_to_string(run.join("notebook.ipynb")).unwrap();
    let notebook: Value = serde_json::from_str(&notebook).unwrap();
    let cells = notebook["cells"].as_array().unwrap();
    let code = cells
        .iter()
        .find(|cell| cell["cell_type"] == "code" && cell["source"].to_string().contains("FORGED"));
    code.map(|cell| format!("the notebook has the cell {cell}"))
}

/// The agents that speak, all in one run: what they did to the terminal, the log, the report and the state.
fn meet_speakers() {
    let mut verdicts = Verdicts::default();
    let alone = study_with(&[]);
    let (_, undisturbed) = finish(&alone);
    let study = study_with(&["log_forgery", "state_at_the_edge", "forged_section", "mass_of_words"]);
    let output = study.run(&["run", "run.toml"]);
    let well = matches!(output.status.code(), Some(0 | 3));
    if !well {
        // The one attack whose breach is that the run fails.
        verdicts.record(
            "state_at_the_edge",
            Some(format!("the run failed: {}", describe_output(&output))),
        );
    }
    assert!(well, "{}", describe_output(&output));
    let run = study.the_run();
    let report = read_report(&run);
    let log = fs::read_to_string(run.join("kosmos.log")).unwrap();
    let added = added_by_agents(&run);
    for agent in ["log_forgery", "state_at_the_edge", "forged_section", "mass_of_words"] {
        assert!(added.contains(agent), "{agent} took no part: {added}");
    }
    let forged = [
        ("the terminal", printed(&output)),
        ("the log", log),
        ("report.md", report.clone()),
    ];
    let forged = forged.iter().find_map(|(what, text)| first_forged_line(what, text));
    verdicts.record("log_forgery", forged);
    verdicts.record("forged_section", forged_mark(&run));
    let more = report.len().saturating_sub(read_report(&undisturbed).len());
    verdicts.record(
        "mass_of_words",
        (more > WORDS).then(|| format!("the report is {more} bytes larger")),
    );
    verdicts.record("state_at_the_edge", lost_state(&study, &run, &added, &undisturbed));
    verdicts.check(
        ON,
        &["forged_section", "log_forgery", "mass_of_words", "state_at_the_edge"].map(str::to_owned),
    );
}

fn lost_state(study: &TestHome, run: &Path, added: &str, undisturbed: &Path) -> Option<String> {
    assert!(added.contains("STATE"), "it said nothing: {added}");
    let lost = added.lines().find(|line| line.contains("STATE [\""));
    if let Some(lost) = lost {
        return Some(lost.chars().take(300).collect());
    }
    if read_findings(run)["tests"] != read_findings(undisturbed)["tests"] {
        return Some("the tests are others".to_owned());
    }
    let replayed = study.run(&["replay", run_id(run)]);
    let well = matches!(replayed.status.code(), Some(0 | 3));
    (!well).then(|| format!("it cannot be replayed: {}", describe_output(&replayed)))
}

/// What a person reads of an agent before and while it takes part.
fn forged_words() -> Option<String> {
    let study = study_with(&["manifest_words"]);
    let mut seen = Vec::new();
    for arguments in [
        &["agents", "list"][..],
        &["agents", "list", "manifest_words"],
        &["agents", "check", "manifest_words"],
        &["agents", "trust", "manifest_words"],
    ] {
        seen.push((arguments.join(" "), printed(&study.run(arguments))));
    }
    let output = study.run(&["run", "run.toml"]);
    assert!(
        matches!(output.status.code(), Some(0 | 2 | 3)),
        "{}",
        describe_output(&output)
    );
    seen.push(("run".to_owned(), printed(&output)));
    for run in study.runs() {
        seen.push(("report.md".to_owned(), read_report(&run)));
        seen.push((
            "kosmos.log".to_owned(),
            fs::read_to_string(run.join("kosmos.log")).unwrap(),
        ));
    }
    seen.iter().find_map(|(what, text)| first_forged_line(what, text))
}

/// The run's folder has a copy of the file, or the command needed its size in memory.
fn swollen() -> Option<String> {
    let study = study_with(&["swollen_folder"]);
    let file = File::create(study.path().join("agents/swollen_folder/hole.bin")).unwrap();
    file.set_len(SWOLLEN).unwrap();
    let output = study.run(&["run", "run.toml"]);
    let copies = study
        .runs()
        .into_iter()
        .map(|run| run.join("agents/swollen_folder/hole.bin"));
    let copied = copies
        .into_iter()
        .find(|copy| fs::metadata(copy).is_ok_and(|found| found.len() == SWOLLEN));
    assert!(
        matches!(output.status.code(), Some(0 | 2 | 3)),
        "{}",
        describe_output(&output)
    );
    copied.map(|copy| format!("{} has {SWOLLEN} bytes", copy.display()))
}

/// `agents check` accepts it.
fn accepted(study: &TestHome, agent: &str) -> Option<String> {
    let output = study.run(&["agents", "check", agent]);
    assert!(
        matches!(output.status.code(), Some(0 | 2)),
        "{agent}: {}",
        describe_output(&output)
    );
    output
        .status
        .success()
        .then(|| format!("`agents check` says {}", printed(&output)))
}

/// The prompt is a link to a file that the user keeps elsewhere.
fn prompt_by_link() -> Option<String> {
    let study = study_with(&["linked_prompt"]);
    let prompt = source_of("../../agents/reviewer/prompt.md");
    // With a file of its own it is accepted, so that it is the link that is refused.
    study.file("agents/linked_prompt/prompt.md", &prompt);
    assert!(accepted(&study, "linked_prompt").is_some());
    fs::remove_file(study.path().join("agents/linked_prompt/prompt.md")).unwrap();
    let secret = study.file("secret/notes.md", format!("{prompt}\nthe secret\n"));
    std::os::unix::fs::symlink(secret, study.path().join("agents/linked_prompt/prompt.md")).unwrap();
    accepted(&study, "linked_prompt")
}

/// The run is stopped while the agent waits, and goes on with other files of the same names and hashes.
fn renamed() -> Option<String> {
    let study = study_with(&["renamed_files"]);
    let (code, more) = ("WHO = 'another'\n", "more\n");
    let name = format!("extra.py {}\nextra.pz", sha256_hex(code));
    study.file(&format!("agents/renamed_files/{name}"), more);
    let mut child = study
        .kosmos(&["run", "run.toml"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let waits = || {
        let log = |run: PathBuf| fs::read_to_string(run.join("kosmos.log")).unwrap_or_default();
        study
            .runs()
            .into_iter()
            .any(|run| log(run).contains("waits for the stop"))
    };
    let (mut ended, began) = (None, Instant::now());
    while ended.is_none() && !waits() {
        assert!(began.elapsed() < Duration::from_secs(60), "the agent does not start");
        thread::sleep(Duration::from_millis(50));
        ended = child.try_wait().unwrap();
    }
    if ended.is_none() {
        let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    if ended.is_some() {
        // Refused before anything ran.
        assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
        return None;
    }
    let run = study.the_run();
    let folder = run.join("agents/renamed_files");
    fs::remove_file(folder.join(&name)).unwrap();
    fs::write(folder.join("extra.py"), code).unwrap();
    fs::write(folder.join("extra.pz"), more).unwrap();
    let resumed = study.run(&["resume", run_id(&run)]);
    let ran = run.join("report.md").exists() && read_report(&run).contains("RENAMED");
    ran.then(|| format!("it ran: {}", describe_output(&resumed)))
}

fn sha256_hex(text: &str) -> String {
    kosmos::science::sha256_hex(text)
}

/// The lab's own finding is called less with the agent than without.
fn diluted() -> Option<String> {
    let verdict = |agents: &[&str]| {
        let study = study_with(agents);
        study.file("table.csv", weak_table());
        let (_, run) = finish(&study);
        let found = read_findings(&run);
        let tests = found["tests"].as_array().unwrap().clone();
        let own = tests.iter().filter(|test| test["kind"] == "numeric_numeric");
        let own = own.map(|test| {
            (
                test["x"].to_string(),
                test["y"].to_string(),
                test["wording"].to_string(),
            )
        });
        (own.collect::<Vec<_>>(), tests.len())
    };
    let (alone, few) = verdict(&[]);
    let (with, many) = verdict(&["dilution"]);
    assert!(many > few + 10, "{few} tests and {many}");
    eprintln!("{few} tests: {alone:?}\n{many} tests: {with:?}");
    let lost = alone.iter().filter(|test| !with.contains(test)).collect::<Vec<_>>();
    (!lost.is_empty()).then(|| format!("of {few} tests, with {many} others were {lost:?}"))
}

/// One relation that is barely to be seen, and columns of noise.
fn weak_table() -> String {
    let mut table = String::from("weight,height,a,b,c\n");
    for row in 0..240 {
        let height = noise(row, 1);
        let weight = noise(row, 2) + height * 0.24;
        let others = [3, 4, 5].map(|column| format!("{:.5}", noise(row, column)));
        table.push_str(&format!("{weight:.5},{height:.5},{}\n", others.join(",")));
    }
    table
}

/// A number from 0 to 1 that looks random and is the same each time (SplitMix64).
fn noise(row: u64, column: u64) -> f64 {
    /// Of the tables that this makes, one in which the relation has p = 0.0019 and no other pair less than 0.15.
    const SEED: u64 = 378;
    let mut bits = SEED
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(row.wrapping_mul(0xD134_2543_DE82_EF95))
        .wrapping_add(column.wrapping_mul(0xA24B_AED4_963E_E407));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^= bits >> 31;
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

fn judge(attack: &str, breach: Option<String>) {
    let mut verdicts = Verdicts::default();
    verdicts.record(attack, breach);
    verdicts.check(ON, &[attack.to_owned()]);
}

#[test]
fn words_of_a_manifest() {
    judge("manifest_words", forged_words());
}

#[test]
fn speech_and_state() {
    meet_speakers();
}

#[test]
fn a_swollen_folder() {
    judge("swollen_folder", swollen());
}

#[test]
fn self_made_limits() {
    let attack = "self_made_limits";
    judge(attack, accepted(&study_with(&[attack]), attack));
}

#[test]
fn a_linked_prompt() {
    judge("linked_prompt", prompt_by_link());
}

#[test]
fn renamed_files() {
    judge("renamed_files", renamed());
}

#[test]
fn dilution() {
    judge("dilution", diluted());
}
