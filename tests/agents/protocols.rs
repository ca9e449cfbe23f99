//! Versions of the protocol: agents of both take part, each told in its own.

use std::collections::BTreeMap;

use kosmos_testing::{TestHome, added_by_agents, describe_output, read_findings};
use serde_json::Value;

/// Says of each test and each hypothesis that it is told of, one a remark: event, id, kind, tier, relation and
/// analysis.
const ECHO: &str = r#"
import json, sys

def tell(event, record):
    analysis = record.get("analysis") or {}
    parts = [record["id"], record["kind"], record.get("tier"), record.get("relation")]
    parts += [analysis.get("family"), analysis.get("estimand"), analysis.get("method"), "analysis" in record]
    contrast = analysis.get("contrast") or {}
    parts += [contrast.get("level"), contrast.get("reference")]
    return {"type": "remark", "body": {"text": f"told in {version}: {event} " + " ".join(map(str, parts)) + " end"}}

for line in sys.stdin:
    request = json.loads(line)
    params, result = request["params"], None
    if request["method"] == "initialize":
        version = params["protocol"]
        result = {"protocol": version}
    elif request["method"] == "handle":
        event, body = params["type"], params["body"]
        told = body.get("hypotheses", []) + [body[key] for key in ("finding", "hypothesis") if key in body]
        for key in ("findings", "open", "tests"):
            told += body[key] if isinstance(body.get(key), list) else []
        result = {"messages": [tell(event, record) for record in told]}
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
"#;

/// A column that falls and rises with another, which version 1 has no kind for, and two groups.
fn bent_table() -> String {
    let mut table = String::from("depth,growth,bed\n");
    for n in 0..160u64 {
        let noise = |salt: u64| ((n * n * (38 + 41 * salt) + n * (211 * salt + 17)) % 1009) as f64 / 1009.0;
        let (depth, bed) = (noise(1) * 10.0, usize::from(n % 2 == 1));
        let growth = (depth - 5.0).powi(2) + 6.0 * noise(2) + 3.0 * bed as f64;
        table.push_str(&format!("{depth:.3},{growth:.3},{}\n", ["north", "south"][bed]));
    }
    table
}

/// The remarks on what an event told, each with a blank between its words, by the id of the test.
fn told_in(added: &str, version: u32, event: &str) -> BTreeMap<String, String> {
    let begin = format!("told in {version}: {event} ");
    let remarks = added.split(begin.as_str()).skip(1);
    let words = remarks.map(|rest| rest.split_whitespace().take_while(|word| *word != "end"));
    let words = words.map(Iterator::collect::<Vec<_>>);
    words.map(|words| (words[0].to_owned(), words.join(" "))).collect()
}

#[test]
fn each_agent_is_told_in_the_version_that_it_speaks() {
    let study = TestHome::new();
    study.file("table.csv", bent_table());
    let run = "question = \"Does growth go with depth?\"\n[[data]]\npath = \"table.csv\"\n[budget]\ncycles = 2\n\
               [research]\nshuffled_run = false\npermutations = 99\n";
    study.file("run.toml", run);
    for (name, protocol) in [("old", ""), ("new", "protocol = 2\n")] {
        let manifest = format!(
            "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"Echoes.\"\nkind = \"process\"\n{protocol}\
             command = [\"python3\", \"agent.py\"]\npublishes = [\"remark\"]\n\
             subscribes = [\"hypotheses_registered\", \"cycle_judged\", \"finding_drafted\", \"research_finished\"]\n"
        );
        study.file(&format!("agents/{name}/agent.toml"), manifest);
        study.file(&format!("agents/{name}/agent.py"), ECHO);
        study.name_agent(name);
    }
    let run = study.finish_run();
    let (found, added) = (read_findings(&run), added_by_agents(&run));
    let text = |value: &Value| value.as_str().unwrap_or("None").to_owned();
    let tests: Vec<&Value> = found["tests"].as_array().unwrap().iter().collect();
    assert!(tests.iter().any(|test| test["kind"] == "curve"), "{tests:?}");
    assert!(
        tests.iter().any(|test| test["analysis"]["contrast"].is_object()),
        "{tests:?}"
    );
    let (judged, registered) = (
        told_in(&added, 2, "cycle_judged"),
        told_in(&added, 2, "hypotheses_registered"),
    );
    let (judged_1, registered_1) = (
        told_in(&added, 1, "cycle_judged"),
        told_in(&added, 1, "hypotheses_registered"),
    );
    for test in tests {
        let id = text(&test["id"]);
        let (analysis, kind) = (&test["analysis"], text(&test["kind"]));
        let common = [&test["id"], &test["kind"], &test["tier"], &test["relation"]].map(text);
        let rest = [
            text(&analysis["family"]),
            text(&analysis["estimand"]),
            text(&analysis["method"]),
            "True".to_owned(),
            text(&analysis["contrast"]["level"]),
            text(&analysis["contrast"]["reference"]),
        ];
        assert_eq!(judged[&id], [&common[..], &rest[..]].concat().join(" "));
        // What a test estimates is not known before it was made.
        let none = || "None".to_owned();
        let planned = [kind.clone(), none(), none(), "True".to_owned(), none(), none()];
        assert_eq!(registered[&id], [&common[..], &planned[..]].concat().join(" "));
        let kind_1 = if kind == "curve" { "other".to_owned() } else { kind };
        let plain = format!("{id} {kind_1} None None None None None False None None");
        assert_eq!(judged_1[&id], plain);
        assert_eq!(registered_1[&id], plain);
    }
    let findings = found["findings"].as_array().unwrap();
    for event in ["finding_drafted", "research_finished"] {
        let (told, told_1) = (told_in(&added, 2, event), told_in(&added, 1, event));
        for finding in findings {
            let id = text(&finding["id"]);
            assert_eq!(told[&id].split(' ').nth(3), finding["relation"].as_str(), "{event}");
            assert_eq!(told_1[&id].split(' ').nth(3), Some("None"), "{event}");
        }
    }
}

const PROPOSER: &str = r#"
from kosmos_agent import Agent, ProposeAnalysis

agent = Agent()


@agent.on("cycle_started")
def propose(event, lab):
    name = event["datasets"][0]["name"]
    why = "Luck may be behind it."
    yield ProposeAnalysis(dataset=name, exposures=["height", "luck"], outcome="weight", rationale=why)
    yield ProposeAnalysis(dataset=name, exposures=["height"], outcome="weight", moderator="shade", rationale=why)
    yield ProposeAnalysis(dataset=name, exposures=["height"], outcome="colour", rationale=why)
    yield ProposeAnalysis(dataset=name, exposures=["luck"], outcome="weight", given=["height"], family="paired", rationale=why)


agent.run()
"#;

#[test]
fn an_analysis_that_an_agent_proposes_is_registered_and_tested() {
    let study = TestHome::frugal_small("");
    let manifest = "name = \"proposer\"\nversion = \"1.0.0\"\ndescription = \"Proposes.\"\nkind = \"process\"\nprotocol = 2\n\
                    command = [\"python3\", \"agent.py\"]\nsubscribes = [\"cycle_started\"]\npublishes = [\"propose_analysis\"]\n";
    study.file("agents/proposer/agent.toml", manifest);
    study.file("agents/proposer/agent.py", PROPOSER);
    study.name_agent("proposer");
    let run = study.finish_run();
    let found = read_findings(&run);
    let tests = found["tests"].as_array().unwrap();
    let own = tests.iter().filter(|test| test["proposed_by"] == "proposer");
    let mut own: Vec<String> = own
        .map(|test| {
            assert_eq!(test["tier"], "survey", "of the first cycle");
            let fixed = test["covariates"][0].as_str().or(test["by"].as_str()).unwrap();
            let [kind, x, y] = ["kind", "x", "y"].map(|key| test[key].as_str().unwrap());
            format!("{kind} {x} {y} {fixed}")
        })
        .collect();
    own.sort();
    assert_eq!(
        own,
        [
            // The table has weight first; the outcome is the one that was named.
            "adjusted height weight luck",
            "adjusted luck weight height",
            "interaction height weight shade",
        ]
    );
    let added = added_by_agents(&run);
    assert!(added.contains("`colour` is no column"), "{added}");
    assert!(added.contains("the family `paired` holds no columns fixed"), "{added}");
}

#[test]
fn a_version_that_nobody_speaks_is_refused_by_name() {
    let study = TestHome::frugal_small("");
    let manifest = "name = \"late\"\nversion = \"1.0.0\"\ndescription = \"Comes late.\"\nkind = \"process\"\nprotocol = 3\n\
                    command = [\"python3\", \"agent.py\"]\nsubscribes = [\"run_started\"]\npublishes = [\"remark\"]\n";
    study.file("agents/late/agent.toml", manifest);
    study.file("agents/late/agent.py", "");
    for arguments in [
        &["agents", "check", "late"][..],
        &["run", "run.toml", "--agent", "late"],
    ] {
        let output = study.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
        assert!(
            told.contains("`protocol` is 3, but this version of Kosmos speaks 1 and 2"),
            "{told}"
        );
    }
}
