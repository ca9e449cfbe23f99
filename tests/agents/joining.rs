//! How agents join a run: from a folder, in any language, in a built-in one's place, or of a program's own.

use std::{
    rc::Rc,
    sync::{Arc, Mutex},
};

use futures::{FutureExt, future::LocalBoxFuture};
use kosmos::{
    agent::{AgentContext, AgentError},
    config::{Environment, Request},
    lab::Engine,
    message::{EVENTS, Event, Remark, Speech, WrittenSection},
    plugin::{Listener, Native},
};
use kosmos_testing::{
    TestHome, added_by_agents, describe_output, kosmos_binary, read_findings, read_findings_text, read_report,
};
use serde_json::Value;

const PERL: &str = r#"
use strict; use warnings; use JSON::PP;
$| = 1;
my $json = JSON::PP->new->canonical->utf8;
while (my $line = <STDIN>) {
    my $request = $json->decode($line);
    my ($method, $params) = @{$request}{qw(method params)};
    my $result;
    if ($method eq "initialize") { $result = { protocol => 1 } }
    elsif ($method eq "handle") {
        my $heard = $params->{type};
        $result = { messages => [{ type => "remark", body => { text => "Heard $heard." } }] };
    }
    print $json->encode({ jsonrpc => "2.0", id => $request->{id}, result => $result }), "\n";
    last if $method eq "shutdown";
}
"#;

const NODE: &str = r#"
const lines = require("readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const request = JSON.parse(line);
  let result = null;
  if (request.method === "initialize") result = { protocol: 1 };
  if (request.method === "handle")
    result = { messages: [{ type: "remark", body: { text: `Heard ${request.params.type}.` } }] };
  process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id: request.id, result }) + "\n");
  if (request.method === "shutdown") process.exit(0);
});
"#;

/// A study with an agent that hears every event.
fn listening(settings: &str, command: &str, file: &str, text: &str) -> TestHome {
    let study = TestHome::frugal_small(settings);
    let events: Vec<String> = EVENTS.iter().map(|event| format!("\"{event}\"")).collect();
    let manifest = format!(
        "name = \"listener\"\nversion = \"2.3.4\"\ndescription = \"Listens.\"\nkind = \"process\"\n\
         command = [\"{command}\", \"{file}\"]\nsubscribes = [{}]\npublishes = [\"remark\"]\n",
        events.join(", ")
    );
    study.file("agents/listener/agent.toml", manifest);
    study.file(&format!("agents/listener/{file}"), text);
    study
}

fn hears_all(study: &TestHome) {
    let run = study.finish_run();
    let added = added_by_agents(&run);
    assert!(added.contains("`listener` 2.3.4: Listens."), "{added}");
    for event in EVENTS {
        assert!(added.contains(&format!("Heard {event}.")), "{event}: {added}");
    }
    // It changes nothing of what was found.
    assert_eq!(
        read_findings_text(&run),
        read_findings_text(&TestHome::frugal_small("").finish_run())
    );
}

#[test]
fn an_agent_in_perl_hears_every_event() {
    hears_all(&listening(
        "[agents.listener]\nenabled = true",
        "perl",
        "agent.pl",
        PERL,
    ));
}

#[test]
fn an_agent_in_node_hears_every_event() {
    if kosmos_testing::service::find_service("KOSMOS_TEST_NODE", "program node").is_some() {
        let study = listening("", "node", "agent.js", NODE);
        study.name_agent("listener");
        hears_all(&study);
    }
}

#[test]
fn an_agent_takes_part_where_it_is_named_and_no_other_can_be_named() {
    let study = listening("", "perl", "agent.pl", PERL);
    let output = study.run(&["run", "run.toml"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("agents/listener takes no part"), "{told}");
    assert!(!read_report(&study.the_run()).contains("Contributions of agents"));

    let study = TestHome::frugal_small("[agents.skeptick]\nenabled = true");
    let output = study.run(&["run", "run.toml"]);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("`skeptick`") && told.contains("did you mean `skeptic`"),
        "{told}"
    );
    assert!(study.runs().is_empty());
}

#[test]
fn what_is_configured_wrongly_is_named() {
    for (section, told) in [
        (
            "[agents.rogue]\nmode = 3",
            "[agents.rogue] mode: 3 is not of type \"string\"",
        ),
        ("[agents.rogue]", "\"mode\" is a required property"),
        (
            "[agents.rogue]\nmode = \"x\"\ncolour = 1",
            "[agents.rogue] colour: unknown key; the keys are mode, token",
        ),
        (
            "[agents.rogue]\nmode = \"x\"\nlimits.memory = \"lots\"",
            "[agents.rogue] limits:",
        ),
        (
            "[agents.data_analyst]\nenabled = false",
            "cannot do without `data_analyst`",
        ),
    ] {
        let study = TestHome::frugal_small(section);
        study.install_agent("rogue", "x");
        let output = study.run(&["run", "run.toml"]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{section}: {stderr}");
        assert!(stderr.contains(told), "{section}: {stderr}");
        assert!(study.runs().is_empty());
    }
}

#[test]
fn a_built_in_agent_that_listens_is_turned_on_by_name() {
    let study = TestHome::frugal_small("[agents.study_planner]\nenabled = true");
    let added = added_by_agents(&study.finish_run());
    assert!(
        added.contains("`study_planner` 1.0.0: States what a follow-up study would need"),
        "{added}"
    );
}

#[test]
fn a_run_does_without_the_graph_writer() {
    let study = TestHome::frugal_small("[agents.knowledge_graph_writer]\nenabled = false");
    let run = study.finish_run();
    assert!(!read_findings(&run)["findings"].as_array().unwrap().is_empty());
    assert_eq!(
        read_findings_text(&run),
        read_findings_text(&TestHome::frugal_small("").finish_run())
    );
    let journal = std::fs::read_to_string(run.join("journal.jsonl")).unwrap();
    assert!(!journal.contains("record_knowledge"));
}

/// Proposes nothing, in the hypothesis generator's place.
const GENERATOR: &str = r#"
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    result = None
    if request["method"] == "initialize":
        result = {"protocol": 1}
    elif request["method"] == "handle":
        asked = request["params"]["body"]
        answer = {"cycle": asked["cycle"], "arm": asked["arm"], "hypotheses": [], "left_out": 0, "rationale": "nothing is asked"}
        result = {"messages": [{"type": "hypotheses_proposed", "body": answer}]}
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
"#;

#[test]
fn an_agent_takes_the_place_of_a_built_in_one() {
    let study = TestHome::frugal_small("");
    let manifest = "name = \"hypothesis_generator\"\nversion = \"1.0.0\"\ndescription = \"Asks nothing.\"\nkind = \"process\"\n\
                    command = [\"python3\", \"agent.py\"]\nsubscribes = [\"propose_hypotheses\"]\npublishes = [\"hypotheses_proposed\"]\n";
    study.file("agents/hypothesis_generator/agent.toml", manifest);
    study.file("agents/hypothesis_generator/agent.py", GENERATOR);
    study.add_run_flags(&["--set", "agents.hypothesis_generator.replace=true"]);
    study.trust_agent("hypothesis_generator");
    let found = read_findings(&study.finish_run());
    assert_eq!(found["tests"], Value::Array(Vec::new()));
    assert_eq!(found["status"], "not_answerable");
}

const PROPOSER: &str = r#"
from kosmos_agent import Agent, ProposeHypothesis

agent = Agent()


@agent.on("cycle_started")
def propose(event, lab):
    name = event["datasets"][0]["name"]
    yield ProposeHypothesis(dataset=name, kind="adjusted", x="height", y="weight", covariates=["luck"], rationale="Luck may be behind it.")
    yield ProposeHypothesis(dataset=name, kind="association", x="height", y="colour", rationale="There is no such column.")


agent.run()
"#;

#[test]
fn what_an_agent_proposes_is_registered_and_tested() {
    let study = TestHome::frugal_small("");
    let manifest = "name = \"proposer\"\nversion = \"1.0.0\"\ndescription = \"Proposes.\"\nkind = \"process\"\n\
                    command = [\"python3\", \"agent.py\"]\nsubscribes = [\"cycle_started\"]\npublishes = [\"propose_hypothesis\"]\n";
    study.file("agents/proposer/agent.toml", manifest);
    study.file("agents/proposer/agent.py", PROPOSER);
    study.name_agent("proposer");
    let run = study.finish_run();
    let found = read_findings(&run);
    let tests = found["tests"].as_array().unwrap();
    let own: Vec<&Value> = tests.iter().filter(|test| test["proposed_by"] == "proposer").collect();
    assert_eq!(own.len(), 1, "{own:?}");
    assert_eq!(own[0]["kind"], "adjusted");
    assert_eq!(own[0]["covariates"][0], "luck");
    let added = added_by_agents(&run);
    assert!(added.contains("`colour` is no column"), "{added}");
}

/// Says in the report what it heard.
struct Ear {
    heard: Arc<Mutex<Vec<&'static str>>>,
}

impl Listener for Ear {
    fn hear(self: Rc<Self>, event: Event, _: AgentContext) -> LocalBoxFuture<'static, Result<Vec<Speech>, AgentError>> {
        self.heard.lock().unwrap().push(event.type_name());
        async move {
            Ok(match event {
                Event::ResearchFinished(finished) => {
                    let section = WrittenSection {
                        title: "From the program".to_owned(),
                        paragraphs: vec![format!("{} tests were made.", finished.tests)],
                    };
                    vec![Speech::WriteSection(Box::new(section))]
                }
                _ => vec![Speech::Remark(Box::new(Remark {
                    text: "The program listens.".to_owned(),
                }))],
            })
        }
        .boxed_local()
    }
}

#[test]
fn a_programs_own_agent_takes_part() {
    let study = TestHome::frugal_small("");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let events = ["run_started", "research_finished"];
    let ear = Native::new("ear", &events, &["remark", "write_section"], {
        let heard = Arc::clone(&heard);
        move || Ear {
            heard: Arc::clone(&heard),
        }
    });
    let engine = Engine::builder()
        .home(study.path().join("home"))
        .launcher(kosmos_binary())
        .agent(ear.with_description("An ear."))
        .build();
    let finished = engine
        .run(Request {
            run_file: Some(study.path().join("run.toml")),
            environment: Environment::new([] as [(&str, &str); 0], study.path()),
            ..Request::default()
        })
        .unwrap();
    assert_eq!(*heard.lock().unwrap(), events);
    let added = added_by_agents(&study.the_run());
    assert!(
        added.contains("The program listens.") && added.contains("tests were made."),
        "{added}"
    );
    assert_eq!(finished.dossier.agents.len(), 1);
}
