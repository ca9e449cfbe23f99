//! How many events a second agents handle: a program in the sandbox that is spoken to over its standard streams, a
//! WebAssembly component, and an agent of the same program for comparison. Each event is a journalled message, and each
//! answer another, both durable.
//!
//!     cargo bench --features wasm --bench agents
//!
//! Without the feature the component is left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{FutureExt, future::LocalBoxFuture};
use kosmos::{
    actors::{ExecutorOptions, Knowledge},
    agent::{Agent, AgentContext, AgentError, AgentSpec, Handling, Registry},
    interpreter::{self, Interpreter},
    journal::{Commit, Durability, Journal, Options as JournalOptions},
    message::{BudgetSpent, Envelope, Event, ExperimentsFinished, Notify, Outgoing, Payload, Remark, Speech, agent},
    plugin::{
        AgentFolder, AgentSource, ChosenAgent, Listener, Manifest, Native, PluginKit, Roster, register_agents,
        unpack_sdk,
    },
    sandbox::{ProcessOptions, ProcessSandbox, ResourceLimits},
    science::{EndReason, RunEnd, RunId, RunStatus},
    supervisor::{Hub, HubOptions, RestartPolicy, RunResult, StopSignal},
};
use serde_json::json;

/// Events of a measurement.
const EVENTS: u64 = 2000;

/// The agent's name.
const ECHO: &str = "echo";

const MANIFEST: &str = r#"
name = "echo"
version = "1.0.0"
description = "Answers each event with a remark."
subscribes = ["experiments_finished"]
publishes = ["remark"]
[limits]
messages_per_minute = 1000000
"#;

const PROGRAM: &str = r#"
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    result = {"protocol": 1}
    if request["method"] == "handle":
        result = {"messages": [{"type": "remark", "body": {"text": "heard"}}]}
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
"#;

/// What answers.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Native,
    Process,
    #[cfg(feature = "wasm")]
    Wasm,
}

impl Kind {
    /// What the manifest says of it, and its file.
    fn parts(self) -> Option<(&'static str, &'static str, Vec<u8>)> {
        match self {
            Self::Native => None,
            Self::Process => Some((
                "kind = \"process\"\ncommand = [\"python3\", \"agent.py\"]\n",
                "agent.py",
                PROGRAM.into(),
            )),
            #[cfg(feature = "wasm")]
            Self::Wasm => {
                let say = "(call $say (i32.const 0) (i32.const 6) (i32.const 16) (i32.const 16)))";
                let text = include_str!("../tests/agents/component/rogue.wat");
                let text = text.replace("MODE)", say).replace("PROTOCOL", "1");
                let component = "kind = \"wasm\"\ncomponent = \"agent.wasm\"\n";
                Some((component, "agent.wasm", wat::parse_str(text).unwrap()))
            }
        }
    }
}

fn main() {
    // `cargo test --benches` asks benchmarks only whether they start.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let options = interpreter::Options {
        python: None,
        cache: None,
    };
    let python = Interpreter::find_or_build(&options, &|_| {}).unwrap();
    let native = measure("an agent of the program", &python, Kind::Native);
    let process = measure("a program in the sandbox", &python, Kind::Process);
    println!("ratio {:.1}", native / process);
    #[cfg(feature = "wasm")]
    {
        let component = measure("a component", &python, Kind::Wasm);
        println!("ratio {:.1}", native / component);
    }
}

/// Tells all events to the agent; events a second.
fn measure(what: &str, python: &Interpreter, kind: Kind) -> f64 {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let system = actix::System::new();
    let seconds = system.block_on(async {
        let mut options = ProcessOptions::new(python);
        options.launcher = PathBuf::from(env!("CARGO_BIN_EXE_kosmos"));
        options.warm = false;
        let sandbox = Arc::new(ProcessSandbox::start(options).await.unwrap());
        run(home.path(), sandbox, kind).await
    });
    let rate = EVENTS as f64 / seconds;
    println!("{what}: {EVENTS} events in {seconds:.2} s, {rate:.0} a second");
    rate
}

async fn run(home: &Path, sandbox: Arc<ProcessSandbox>, kind: Kind) -> f64 {
    let (run, folder): (RunId, Arc<Path>) = ("bench".parse().unwrap(), Arc::from(home));
    let durability = Durability::Process;
    let journal = Journal::open(home, JournalOptions { durability }).unwrap();
    let mut registry = Registry::default();
    registry.register(
        agent::RESEARCH_DIRECTOR,
        AgentSpec::new(Duration::from_secs(60), || Ok(Rc::new(Teller { heard: Cell::new(0) }))),
    );
    if let Some((lines, file, content)) = kind.parts() {
        let agents = home.join("agents");
        fs::create_dir_all(agents.join(ECHO)).unwrap();
        fs::write(agents.join(ECHO).join(file), content).unwrap();
        unpack_sdk(&agents.join(".sdk")).unwrap();
        let roster = Roster {
            agents: vec![ChosenAgent {
                manifest: Manifest::parse(&format!("{lines}{MANIFEST}"), ECHO, "here").unwrap(),
                config: json!({}),
                folder: AgentFolder::Disk(agents.join(ECHO)),
                source: AgentSource {
                    place: "the benchmark".to_owned(),
                    path: None,
                    shipped: false,
                },
            }],
            ..Roster::default()
        };
        let kit = PluginKit {
            run: run.clone(),
            folder: Arc::clone(&folder),
            journal: journal.clone(),
            programs: Some(Arc::clone(&sandbox)),
            executor: Arc::new(ExecutorOptions {
                sandbox,
                limits: ResourceLimits::default(),
                reader_limits: ResourceLimits::default(),
            }),
            thinker: None,
            knowledge: Knowledge::Replayed(None),
            alpha: 0.05,
            experiments: 0,
            tokens: None,
            recorded: None,
            thinking: Duration::ZERO,
        };
        register_agents(&mut registry, &roster, &Arc::new(kit));
    } else {
        Native::new(ECHO, &["experiments_finished"], &["remark"], || Echo).register(&mut registry);
    }
    let spent = BudgetSpent {
        budget: "b".into(),
        detail: "d".to_owned(),
    };
    let first = Envelope::external(&run, 0, agent::RESEARCH_DIRECTOR.into(), spent.into());
    journal.commit(Commit::of_message(first)).await.unwrap();
    let options = HubOptions {
        policy: RestartPolicy::default(),
        wall_left: None,
        drain: Duration::from_secs(5),
        observer: Arc::new(|_| {}),
    };
    let began = Instant::now();
    let hub = Hub::new(run, folder, journal, &registry, options);
    let result = hub.run_to_end(&StopSignal::default()).await.unwrap();
    assert!(matches!(result, RunResult::Ended(_)), "{result:?}");
    began.elapsed().as_secs_f64()
}

/// Tells all events at once, and ends the run when all are answered.
struct Teller {
    heard: Cell<u64>,
}

impl Agent<Payload> for Teller {
    fn handle(self: Rc<Self>, message: Envelope, _: AgentContext) -> Handling {
        async move {
            if let Payload::Contribution(answer) = &message.payload {
                assert_eq!(answer.said.len(), 1, "{:?}", answer.refused);
                self.heard.set(self.heard.get() + 1);
                if self.heard.get() < EVENTS {
                    return Ok(Vec::new().into());
                }
                let end = RunEnd {
                    status: RunStatus::Answered,
                    reason: EndReason::Complete,
                    message: "all heard".to_owned(),
                };
                return Ok(Outgoing::new(agent::SUPERVISOR, end).into());
            }
            let events = (0..EVENTS).map(|n| {
                let finished = ExperimentsFinished {
                    cycle: 1,
                    experiments: Vec::new(),
                };
                Outgoing::new(
                    ECHO,
                    Notify {
                        occasion: format!("{n:05}-experiments_finished"),
                        event: Event::ExperimentsFinished(Box::new(finished)),
                        tables: Vec::new(),
                        cycle: 1,
                    },
                )
            });
            Ok(events.collect::<Vec<_>>().into())
        }
        .boxed_local()
    }
}

/// The same in this process.
struct Echo;

impl Listener for Echo {
    fn hear(self: Rc<Self>, _: Event, _: AgentContext) -> LocalBoxFuture<'static, Result<Vec<Speech>, AgentError>> {
        let remark = Remark {
            text: "heard".to_owned(),
        };
        async move { Ok(vec![Speech::Remark(Box::new(remark))]) }.boxed_local()
    }
}
