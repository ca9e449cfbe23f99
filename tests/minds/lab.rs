//! The whole lab on the penguins with a scripted model, and what its answers are told by.

use std::{path::PathBuf, process::Output};

use serde_json::{Value, json};

use kosmos_testing::{
    TestHome, describe_output,
    model_server::{Asked, ModelServer, ScriptedReply},
    repository_path,
};

/// Whose prompt it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    Propose,
    FollowUp,
    Deliberate,
    Interpret,
    /// Of the code generator.
    Code,
}

/// By the first words of the system prompt.
pub fn purpose(asked: &Asked) -> Purpose {
    let system = asked.system();
    let begins = |words: &str| system.lines().take(2).any(|line| line.contains(words));
    match () {
        () if begins("propose hypotheses") => Purpose::Propose,
        () if begins("propose follow-up hypotheses") => Purpose::FollowUp,
        () if begins("direct a research lab") => Purpose::Deliberate,
        () if begins("put the findings") => Purpose::Interpret,
        () => Purpose::Code,
    }
}

/// One association in the form of an answer.
pub fn idea(x: &str, y: &str, more: Value) -> Value {
    let mut idea = json!({
        "kind": "association", "x": x, "y": y, "covariates": [], "by": null, "event": null,
        "statement": format!("`{x}` is related to `{y}`"), "predicted": "unknown", "rationale": "it is worth a look",
    });
    for (key, value) in more.as_object().unwrap() {
        idea[key] = value.clone();
    }
    idea
}

/// The findings that a prompt is about: number and the two columns.
pub fn findings_in(asked: &Asked) -> Vec<(u32, String, String)> {
    let user = asked.user();
    let lines = user.lines().filter_map(|line| {
        let (number, rest) = line.split_once(". `")?;
        let mut names = rest.split('`');
        Some((number.parse().ok()?, names.next()?.to_owned(), names.nth(1)?.to_owned()))
    });
    lines.collect()
}

/// Words for each finding of a prompt.
pub fn words(asked: &Asked, text: impl Fn(&str, &str) -> String) -> ScriptedReply {
    let findings = findings_in(asked);
    let told: Vec<Value> = findings
        .iter()
        .map(|(number, x, y)| json!({"finding": number, "text": text(x, y)}))
        .collect();
    let answer = findings.first().map_or(String::new(), |(_, x, y)| text(x, y));
    ScriptedReply::answer(&json!({"answer": answer, "findings": told}))
}

/// A home with runs of the penguins.
pub struct Penguins {
    pub home: TestHome,
    data: String,
}

impl Penguins {
    pub fn new() -> Self {
        Self {
            home: TestHome::new(),
            data: repository_path("examples/penguins/penguins.csv"),
        }
    }

    /// The same with another table.
    pub fn with(table: &str) -> Self {
        let home = TestHome::new();
        let data = home.file("penguins.csv", table);
        Self { home, data }
    }

    /// Runs two cycles to their end, with the settings.
    pub fn run(&self, settings: &[&str]) -> Output {
        let usual = [
            "budget.cycles=2",
            "research.shuffled_run=false",
            "research.permutations=49",
            "research.follow_ups=6",
        ];
        let mut arguments = vec![
            "run",
            "--question",
            "What goes with the body mass of penguins?",
            "--target",
            "body_mass_g",
            "--data",
            &self.data,
            "--json",
        ];
        let key = |set: &str| set.split('=').next().map(str::to_owned);
        let kept = usual
            .iter()
            .filter(|set| settings.iter().all(|other| key(other) != key(set)));
        for set in kept.chain(settings) {
            arguments.extend(["--set", *set]);
        }
        let output = self.home.run(&arguments);
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{}",
            describe_output(&output)
        );
        output
    }

    /// The same without a model: the rule book alone.
    pub fn alone(&self) -> PathBuf {
        let before = self.home.runs();
        self.run(&[]);
        self.home.runs().into_iter().find(|run| !before.contains(run)).unwrap()
    }

    /// The same with the model at `server`. The run must end by itself, with its report.
    pub fn think(&self, server: &ModelServer, settings: &[&str]) -> (Value, PathBuf) {
        let before = self.home.runs();
        let url = format!("llm.base_url={}", server.url());
        let mut all = vec![
            "policy=llm",
            url.as_str(),
            "llm.model=m",
            "llm.provider=vllm",
            "llm.timeout=5s",
            "llm.backoff_min=1ms",
            "llm.backoff_max=5ms",
            "llm.outage_wait=5s",
        ];
        all.extend(settings);
        let output = self.run(&all);
        let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
        let run = self.home.runs().into_iter().find(|run| !before.contains(run)).unwrap();
        (outcome, run)
    }
}
