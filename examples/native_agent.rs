//! A program that uses Kosmos as a library, with an agent of its own: it says in the report which columns the findings
//! speak of most.
//!
//!     cargo run --release --example native_agent

use std::{collections::BTreeMap, rc::Rc};

use futures::{FutureExt, future::LocalBoxFuture};
use kosmos::{
    agent::{AgentContext, AgentError},
    config::{Environment, Request},
    lab::Engine,
    message::{Event, Speech, WrittenSection},
    plugin::{Listener, Native},
};

struct Counter;

impl Listener for Counter {
    fn hear(self: Rc<Self>, event: Event, _: AgentContext) -> LocalBoxFuture<'static, Result<Vec<Speech>, AgentError>> {
        async move {
            let Event::ResearchFinished(finished) = event else {
                return Ok(Vec::new());
            };
            let mut times: BTreeMap<&str, u32> = BTreeMap::new();
            for finding in &finished.findings {
                for column in [&finding.record.x, &finding.record.y] {
                    *times.entry(column).or_default() += 1;
                }
            }
            let mut columns: Vec<(&str, u32)> = times.into_iter().collect();
            columns.sort_by_key(|(name, times)| (std::cmp::Reverse(*times), *name));
            let names: Vec<&str> = columns.iter().take(3).map(|(name, _)| *name).collect();
            let section = WrittenSection {
                title: "What is spoken of most".to_owned(),
                paragraphs: vec![names.join(", ")],
            };
            Ok(vec![Speech::WriteSection(Box::new(section))])
        }
        .boxed_local()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // First, so that this program can be its own sandbox launcher.
    kosmos::sandbox::become_launcher_if_asked();
    let counter = Native::new("counter", &["research_finished"], &["write_section"], || Counter);
    let engine = Engine::builder()
        .agent(counter.with_description("Counts columns."))
        .build();
    let finished = engine.run(Request {
        run_file: Some("examples/penguins/run.toml".into()),
        environment: Environment::of_process()?,
        ..Request::default()
    })?;
    eprintln!("{}", finished.written.markdown.display());
    Ok(())
}
