//! The director with analyses that a model writes the code for.

use kosmos_core::plain_path::PlainPath;
use serde_json::{Value, json};

use super::{Phase, ResearchState};
use crate::message::{
    Design, DesignExperiment, ExperimentDesigned, ExperimentFinished, ExperimentTask, FindingDrafted, JudgeCycle,
    ModelAnswers, Outgoing, Payload, RepairScript,
};
use crate::sandbox::Outcome;
use crate::science::{Arm, ArtefactRecord, ExperimentId, Hypothesis, Protocol};

/// A director under test, and what it has asked for and nobody has answered.
struct Stage {
    state: ResearchState,
    scripts: usize,
    asked: Vec<Payload>,
}

fn plan(changes: Value) -> Value {
    let mut plan = json!({
        "question": "why?", "target": null, "randomised": [], "seed": 7, "alpha": 0.05, "explore_share": 0.5,
        "datasets": [{ "name": "t", "path": "/t.csv", "format": "auto", "sha256": "d", "bytes": 1 }],
        "explore_ratio": 0.2, "batch": 8, "follow_ups": 20, "shuffled_run": false, "permutations": 99, "check_rows": 1000,
        "max_cycles": 1, "max_experiments": 50, "max_tests": 100, "max_repairs": 2,
        "model": { "hypotheses": 4, "analyses": 2, "max_repairs": 2 },
    });
    for (key, value) in changes.as_object().unwrap() {
        plan[key] = value.clone();
    }
    plan
}

fn profile(units: Value) -> Value {
    let column =
        |name: &str, role: &str| json!({ "name": name, "role": role, "usable": true, "missing": 0, "distinct": 9 });
    json!({
        "problem": null, "rows": 200, "units": units, "split": { "possible": true },
        "columns": [column("a", "numeric"), column("b", "numeric"), column("c", "numeric"), column("g", "categorical")],
    })
}

fn analysis(arm: Arm, columns: &[&str], family: Value) -> Hypothesis {
    let hypothesis: Hypothesis = serde_json::from_value(json!({
        "id": "h-000000000000", "dataset": "t", "arm": arm, "kind": "custom", "x": "a", "y": "b", "part": "confirm",
        "statement": "the model's sentence", "predicted": null, "parent": null, "rationale": "",
        "scores": { "relevance": 1.0, "information": 1.0, "novelty": 1.0, "testability": 1.0 }, "weight": 1.0,
        "proposed_by": "mind-1",
        "analysis": { "columns": columns, "method": "as told", "effect": "pearson_r", "family": family },
    }))
    .unwrap();
    hypothesis.with_id()
}

impl Stage {
    /// A run whose first cycle was proposed these.
    fn proposed(changes: Value, units: Value, hypotheses: &[Hypothesis]) -> Self {
        let mut stage = Self {
            state: ResearchState::default(),
            scripts: 0,
            asked: Vec::new(),
        };
        stage.tell("start_research", plan(changes));
        let profile_request = stage.take();
        let Payload::DesignExperiment(request) = profile_request else {
            panic!("{profile_request:?}");
        };
        let id = stage.designed(&request, None);
        stage.finished(&id, true);
        stage.take();
        stage.tell(
            "data_profiled",
            json!({ "experiment": id, "dataset": "t", "profile": profile(units), "table_sha256": "x" }),
        );
        for request in std::mem::take(&mut stage.asked) {
            let Payload::ProposeHypotheses(request) = request else {
                panic!("{request:?}");
            };
            let own: Vec<&Hypothesis> = hypotheses.iter().filter(|one| one.arm == request.arm).collect();
            stage.tell(
                "hypotheses_proposed",
                json!({ "cycle": 1, "arm": request.arm, "hypotheses": own, "left_out": 0, "rationale": "" }),
            );
        }
        stage
    }

    fn tell(&mut self, name: &str, content: Value) {
        let payload: Payload = serde_json::from_value(json!({ "type": name, "body": content })).unwrap();
        self.step(payload);
    }

    fn step(&mut self, payload: Payload) {
        let sent: Vec<Outgoing> = self.state.fold_and_decide(&payload);
        self.asked.extend(sent.into_iter().map(|outgoing| outgoing.payload));
    }

    /// The only thing asked for.
    fn take(&mut self) -> Payload {
        assert_eq!(self.asked.len(), 1, "{:?}", self.asked);
        self.asked.remove(0)
    }

    fn requests(&mut self) -> Vec<DesignExperiment> {
        let requests = std::mem::take(&mut self.asked).into_iter();
        requests
            .map(|payload| match payload {
                Payload::DesignExperiment(request) => *request,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn answer(request: &DesignExperiment, repairs: Option<ExperimentId>) -> ExperimentDesigned {
        let requested = match &request.task {
            ExperimentTask::Tests(plan) => plan.hypotheses.iter().map(|one| one.id.clone()).collect(),
            ExperimentTask::Custom(plan) => vec![plan.hypothesis.id.clone()],
            _ => Vec::new(),
        };
        ExperimentDesigned {
            cycle: request.cycle,
            arm: request.arm,
            template: "custom".to_owned(),
            repairs,
            requested,
            designs: Vec::new(),
            declined: None,
            written_by: matches!(request.task, ExperimentTask::Custom(_)).then(|| "mind-1".to_owned()),
            model: ModelAnswers::default(),
        }
    }

    /// Answers a request with a new script; its experiment, which runs now.
    fn designed(&mut self, request: &DesignExperiment, failed: Option<&RepairScript>) -> ExperimentId {
        self.scripts += 1;
        let id = ExperimentId::derive(format!("script {}", self.scripts));
        self.designed_as(id.clone(), request, failed);
        if let Some(at) = self
            .asked
            .iter()
            .position(|payload| matches!(payload, Payload::RunExperiment(run) if run.id == id))
        {
            self.asked.remove(at);
        }
        id
    }

    fn designed_as(&mut self, id: ExperimentId, request: &DesignExperiment, failed: Option<&RepairScript>) {
        self.designed_with(id, request, failed, Value::Null);
    }

    fn designed_with(
        &mut self,
        id: ExperimentId,
        request: &DesignExperiment,
        failed: Option<&RepairScript>,
        parameters: Value,
    ) {
        let mut answer = Self::answer(request, failed.map(|failed| failed.failed.id.clone()));
        let protocol = Protocol {
            template: if matches!(request.task, ExperimentTask::Profile { .. }) {
                "profile".to_owned()
            } else {
                "custom".to_owned()
            },
            title: String::new(),
            dataset: "t".to_owned(),
            arm: request.arm,
            cycle: request.cycle,
            attempt: failed.map_or(1, |failed| failed.failed.protocol.attempt + 1),
            hypotheses: answer.requested.clone(),
            inputs: Vec::new(),
            parameters,
        };
        answer.designs.push(Design {
            id,
            protocol,
            script_sha256: "s".to_owned(),
            request: request.clone(),
        });
        self.step(answer.into());
    }

    fn declined(&mut self, request: &DesignExperiment, reason: &str) {
        let mut answer = Self::answer(request, None);
        answer.declined = Some(reason.to_owned());
        self.step(answer.into());
    }

    fn finished(&mut self, id: &ExperimentId, good: bool) {
        let artefact = ArtefactRecord {
            path: PlainPath::of("result.json"),
            bytes: 1,
            sha256: format!("result of {id}"),
        };
        self.step(
            ExperimentFinished {
                id: id.clone(),
                outcome: if good { Outcome::Ok } else { Outcome::OutOfMemory },
                usage: serde_json::from_value(
                    json!({ "wall_ms": 1, "cpu_ms": 1, "peak_memory_bytes": 1, "stdout_bytes": 0,
                    "stderr_bytes": 0 }),
                )
                .unwrap_or_default(),
                artefacts: if good { vec![artefact] } else { Vec::new() },
                failure: (!good).then(|| "it fell".to_owned()),
                advice: Vec::new(),
            }
            .into(),
        );
    }

    /// The experiment ends well and the analyst reads its result.
    fn drafted(&mut self, id: &ExperimentId, hypothesis: &Hypothesis) {
        self.finished(id, true);
        assert!(matches!(self.take(), Payload::AnalyseResult(_)));
        let result = json!({ "id": hypothesis.id, "status": "ok", "test": format!("by {id}") });
        self.step(
            FindingDrafted {
                experiment: id.clone(),
                tests: vec![serde_json::from_value(result).unwrap()],
                invalid: None,
            }
            .into(),
        );
    }

    fn judged(&mut self) -> JudgeCycle {
        match self.take() {
            Payload::JudgeCycle(request) => *request,
            other => panic!("{other:?}"),
        }
    }

    fn reason(&self) -> &str {
        &self.state.untested[&Arm::Observed][0].reason
    }
}

fn authors(requests: &[DesignExperiment]) -> Vec<&'static str> {
    requests
        .iter()
        .map(|request| match &request.task {
            ExperimentTask::Custom(plan) if plan.obstacle.is_some() => "obstacle",
            ExperimentTask::Custom(plan) if plan.author == 1 => "first",
            ExperimentTask::Custom(_) => "second",
            ExperimentTask::Tests(plan) if plan.confirms => "template",
            _ => "other",
        })
        .collect()
}

#[test]
fn the_second_way_is_a_template_where_one_tests_the_same_columns() {
    let all = &["a", "b", "c"][..];
    let table = [
        (
            &["a", "b"][..],
            json!("numeric_numeric"),
            Value::Null,
            &["first", "template"][..],
        ),
        (&["a", "b"], json!(null), Value::Null, &["first", "second"]),
        // A derived variable is not what the template tests.
        (all, json!("numeric_numeric"), Value::Null, &["first", "second"]),
        (&["a", "b"], json!("group_numeric"), Value::Null, &["first", "second"]),
        (&["a", "b"], json!("no_such_family"), Value::Null, &["first", "second"]),
        // Two scripts cannot tell units; a template can.
        (all, json!(null), json!({ "column": "g" }), &["obstacle"]),
        (
            &["a", "b"],
            json!("numeric_numeric"),
            json!({ "column": "g" }),
            &["first", "template"],
        ),
        // No such column, so no protocol.
        (&["a", "absent"], json!(null), Value::Null, &[]),
    ];
    for (columns, family, units, expected) in table {
        let hypothesis = analysis(Arm::Observed, columns, family.clone());
        let mut stage = Stage::proposed(json!({}), units, std::slice::from_ref(&hypothesis));
        if expected.is_empty() {
            assert!(
                !stage
                    .asked
                    .iter()
                    .any(|payload| matches!(payload, Payload::DesignExperiment(_)))
            );
            continue;
        }
        let requests = stage.requests();
        assert_eq!(authors(&requests), expected, "{columns:?} {family}");
        if let Some(ExperimentTask::Tests(tests)) = requests.get(1).map(|request| &request.task) {
            let twin = &tests.hypotheses[0];
            assert_eq!(
                (twin.id.clone(), twin.kind.as_str()),
                (hypothesis.id, "numeric_numeric")
            );
            assert_eq!(twin.statement, "`a` goes with `b`");
        }
    }
}

#[test]
fn it_is_judged_once_both_ways_are_there() {
    for order in [[0, 1], [1, 0]] {
        let hypothesis = analysis(Arm::Observed, &["a", "b", "c"], json!(null));
        let mut stage = Stage::proposed(json!({}), Value::Null, std::slice::from_ref(&hypothesis));
        let requests = stage.requests();
        let ids: Vec<ExperimentId> = requests.iter().map(|request| stage.designed(request, None)).collect();
        stage.drafted(&ids[order[0]], &hypothesis);
        assert_eq!((stage.state.phase, stage.asked.len()), (Phase::Testing, 0));
        stage.drafted(&ids[order[1]], &hypothesis);
        let request = stage.judged();
        let [draft] = request.drafts.as_slice() else {
            panic!("{request:?}");
        };
        let second = draft.confirmation.as_ref().unwrap();
        assert_eq!((&draft.experiment, &second.experiment), (&ids[0], &ids[1]));
        assert_eq!(draft.written_by.as_deref(), Some("mind-1"));
        assert_eq!(second.result.test, Some(format!("by {}", ids[1])));
        assert!(!second.by_template);
    }
}

#[test]
fn the_same_code_twice_is_said() {
    let code = "def analyse(table):\n    return {'p': 1}\n";
    for (second, same) in [
        ("def analyse( table ):\n  # Otherwise.\n  return {\"p\": 1}\n", true),
        ("def analyse(table):\n    return {'p': 2}\n", false),
    ] {
        let hypothesis = analysis(Arm::Observed, &["a", "b", "c"], json!(null));
        let mut stage = Stage::proposed(json!({}), Value::Null, std::slice::from_ref(&hypothesis));
        let requests = stage.requests();
        for (request, code) in requests.iter().zip([code, second]) {
            let id = ExperimentId::derive(code);
            stage.designed_with(id.clone(), request, None, json!({ "code": code }));
            stage.asked.clear();
            stage.drafted(&id, &hypothesis);
        }
        let [draft] = stage.judged().drafts.try_into().unwrap();
        assert_eq!(draft.confirmation.unwrap().same_code, same);
    }
}

#[test]
fn an_analysis_is_told_the_error_rate_that_judges_it() {
    let hypothesis = analysis(Arm::Observed, &["a", "b", "c"], json!(null));
    let mut stage = Stage::proposed(json!({}), Value::Null, std::slice::from_ref(&hypothesis));
    for request in stage.requests() {
        let ExperimentTask::Custom(plan) = request.task else {
            panic!("{request:?}");
        };
        let share = plan.error_control.unwrap();
        // The survey has four sevenths of the run's five per cent where the question names nothing.
        assert!(
            (share.alpha - 0.05 * 4.0 / 7.0).abs() < 1e-12 && share.tests == 1,
            "{share:?}"
        );
    }
}

#[test]
fn what_fails_for_good_leaves_it_untested() {
    let hypothesis = analysis(Arm::Observed, &["a", "b", "c"], json!(null));
    let mut stage = Stage::proposed(json!({}), Value::Null, std::slice::from_ref(&hypothesis));
    let requests = stage.requests();
    let first = stage.designed(&requests[0], None);
    stage.declined(&requests[1], "the second script was not written: no answer");
    assert!(stage.judged().drafts.is_empty());
    assert_eq!(stage.reason(), "the second script was not written: no answer");
    // Nobody waits for the other any more: what comes of it is not repaired.
    stage.finished(&first, false);
    assert!(stage.asked.is_empty());
}

#[test]
fn repairs_end() {
    let hypothesis = analysis(Arm::Observed, &["a", "b", "c"], json!(null));
    let mut stage = Stage::proposed(json!({}), Value::Null, std::slice::from_ref(&hypothesis));
    let requests = stage.requests();
    stage.designed(&requests[1], None);
    let mut id = stage.designed(&requests[0], None);
    for attempt in 1..=2 {
        stage.finished(&id, false);
        let Payload::RepairScript(repair) = stage.take() else {
            panic!("attempt {attempt}");
        };
        assert_eq!(repair.failed.protocol.attempt, attempt);
        id = stage.designed(&repair.request, Some(&repair));
    }
    stage.finished(&id, false);
    assert!(stage.judged().drafts.is_empty());
    assert_eq!(stage.reason(), "the first script: it fell");
    // Each attempt was counted.
    assert_eq!(stage.state.experiments_used(), 1 + 1 + 3);
}

#[test]
fn a_repair_that_changes_nothing_is_none() {
    let hypothesis = analysis(Arm::Observed, &["a", "b", "c"], json!(null));
    let mut stage = Stage::proposed(json!({}), Value::Null, std::slice::from_ref(&hypothesis));
    let requests = stage.requests();
    let id = stage.designed(&requests[0], None);
    stage.finished(&id, false);
    let Payload::RepairScript(repair) = stage.take() else {
        panic!("no repair");
    };
    stage.designed_as(id, &repair.request, Some(&repair));
    assert!(stage.judged().drafts.is_empty());
    assert_eq!(
        stage.reason(),
        "the first script: its repair is a script that was run before"
    );
}

#[test]
fn both_arms_are_treated_alike_within_the_budget() {
    let both = [
        analysis(Arm::Observed, &["a", "b", "c"], json!(null)),
        analysis(Arm::Shuffled, &["a", "b", "c"], json!(null)),
    ];
    // The profile is one, the figures are one, and each arm takes two.
    for (budget, asked) in [(6, 4), (5, 0)] {
        let mut stage = Stage::proposed(
            json!({ "shuffled_run": true, "max_experiments": budget }),
            Value::Null,
            &both,
        );
        let designs = stage
            .asked
            .iter()
            .filter(|payload| matches!(payload, Payload::DesignExperiment(_)));
        assert_eq!(designs.count(), asked, "{budget}");
        if asked > 0 {
            assert_eq!(authors(&stage.requests()), ["first", "second", "first", "second"]);
        }
    }
}
