//! The settings under which a foreign run is read.

use crate::{
    config::{Research, RunBudget, Settings, SupervisorSettings},
    science::DataSource,
};

/// Combines the settings of a foreign run with the user's own.
///
/// The run's settings only say what it did, for its report: its question, its tables' names, its budgets, its
/// statistics. Whatever chooses a program, an address, a header, a variable, an agent, an image, a folder or an amount
/// of the machine's resources is the user's. Each type whose values are the run's is taken apart field by field: who
/// adds a field to it decides here whose it is.
pub(super) fn combine(of_run: Settings, of_user: Settings) -> Settings {
    let Settings {
        question,
        target,
        outcome,
        exposure,
        given,
        subject,
        time,
        project,
        policy,
        seed,
        randomised,
        data,
        join,
        budget,
        research,
        supervisor,
        llm: _,
        sandbox: _,
        graph: _,
        agents: _,
        journal: _,
        log: _,
    } = of_run;
    let Settings {
        question: _,
        target: _,
        outcome: _,
        exposure: _,
        given: _,
        subject: _,
        time: _,
        project: _,
        policy: _,
        seed: _,
        randomised: _,
        data: _,
        join: _,
        budget: _,
        research: own_research,
        supervisor: own_supervisor,
        llm,
        sandbox,
        graph,
        agents,
        journal,
        log,
    } = of_user;
    Settings {
        question,
        target,
        outcome,
        exposure,
        given,
        subject,
        time,
        project,
        policy,
        seed,
        randomised,
        data: data.into_iter().map(table_of_run).collect(),
        join,
        budget: budget_of_run(budget),
        research: combine_research(research, &own_research),
        supervisor: combine_supervisor(supervisor, own_supervisor),
        llm,
        sandbox,
        graph,
        agents,
        journal,
        log,
    }
}

/// A table of the run: its name, and how it was read. Its file is read only where it came with the run, and a codebook
/// never: what it declared is in the journal.
fn table_of_run(table: DataSource) -> DataSource {
    let DataSource {
        path,
        name,
        format,
        sheet,
        header,
        skip,
        codebook: _,
        description,
    } = table;
    DataSource {
        path,
        name,
        format,
        sheet,
        header,
        skip,
        codebook: None,
        description,
    }
}

/// The run's budget: what it was allowed to use, which its report says.
fn budget_of_run(budget: RunBudget) -> RunBudget {
    let RunBudget {
        cycles,
        experiments,
        tests,
        wall_time,
        tokens,
        usd,
    } = budget;
    RunBudget {
        cycles,
        experiments,
        tests,
        wall_time,
        tokens,
        usd,
    }
}

/// The run's statistics, which its report says; the user's number of experiments at the same time, and share of
/// findings that one agent may take down.
fn combine_research(of_run: Research, of_user: &Research) -> Research {
    let Research {
        alpha,
        explore_share,
        explore_ratio,
        batch,
        follow_ups,
        shuffled_run,
        max_parallel: _,
        permutations,
        check_rows,
        challenge_share: _,
    } = of_run;
    Research {
        alpha,
        explore_share,
        explore_ratio,
        batch,
        follow_ups,
        shuffled_run,
        max_parallel: of_user.max_parallel,
        permutations,
        check_rows,
        challenge_share: of_user.challenge_share,
    }
}

/// The run's number of attempts at a message, which its report says; all else is the user's.
fn combine_supervisor(of_run: SupervisorSettings, of_user: SupervisorSettings) -> SupervisorSettings {
    let SupervisorSettings {
        max_attempts,
        max_restarts: _,
        window: _,
        backoff_min: _,
        backoff_max: _,
        handler_deadline: _,
        strategy: _,
    } = of_run;
    SupervisorSettings {
        max_attempts,
        ..of_user
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::{Environment, Overrides, Request};

    fn settings(changes: &[&str]) -> Settings {
        let mut overrides = Overrides::default();
        for change in changes {
            overrides.add_assignment(change).unwrap();
        }
        let nothing: [(&str, &str); 0] = [];
        let request = Request {
            environment: Environment::new(nothing, "/"),
            overrides,
            ..Request::default()
        };
        request.resolve().unwrap().settings
    }

    /// The paths of all values in `one` that differ from those in `other`.
    fn differences(place: &str, one: &Value, other: &Value, out: &mut Vec<String>) {
        match (one, other) {
            (Value::Object(one), Value::Object(other)) => {
                let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
                for key in keys {
                    let of = |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or(Value::Null);
                    differences(&format!("{place}.{key}"), &of(one), &of(other), out);
                }
            }
            (one, other) if one != other => out.push(place.trim_start_matches('.').to_owned()),
            _ => {}
        }
    }

    #[test]
    fn nothing_of_the_run_chooses_what_is_started_or_reached() {
        let hostile = [
            "question=why?",
            "target=y",
            "project=p",
            "seed=7",
            "randomised=['a']",
            "budget.cycles=9",
            "budget.usd=3",
            "research.alpha=0.01",
            "research.max_parallel=99",
            "supervisor.max_attempts=7",
            "supervisor.max_restarts=1000",
            "llm.base_url=http://evil:1/v1",
            "llm.api_key_env=SECRET",
            "llm.headers=['X-A: $SECRET']",
            "llm.prices=/etc/passwd",
            "sandbox.backend=docker",
            "sandbox.python=./evil",
            "sandbox.engine=tcp://evil:2375",
            "sandbox.packages=['evil==1']",
            "sandbox.memory=900GiB",
            "graph.store=neo4j",
            "graph.uri=bolt://evil:7687",
            "journal.durability=power",
            "log.level=trace",
        ];
        let (of_run, of_user) = (settings(&hostile), settings(&[]));
        let combined = combine(of_run, of_user.clone());
        let mut from_run = Vec::new();
        differences("", &json!(of_user), &json!(combined), &mut from_run);
        assert_eq!(
            from_run,
            [
                "budget.cycles",
                "budget.usd",
                "project",
                "question",
                "randomised",
                "research.alpha",
                "seed",
                "supervisor.max_attempts",
                "target"
            ]
        );
    }
}
