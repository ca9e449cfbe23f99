//! Small runs by a shell with no variables but those that it needs and a test sets.

use std::process::Output;

use kosmos_testing::{describe_output, model_server::ModelServer, repository_path, sample::is_deep_tier};
use serde_json::Value;

/// The key that must be seen nowhere.
pub const KEY: &str = "sk-very-secret-9876543210";

/// The flags of a small run on penguins with the model of that server. In the deep tier, a shuffled copy is run as
/// well.
pub fn penguins(server: &ModelServer) -> Vec<String> {
    let run_file = repository_path("examples/penguins/llm.toml");
    let mut flags = vec!["run".to_owned(), run_file, "-q".to_owned()];
    for setting in [
        &format!("llm.base_url={}", server.url()),
        "llm.provider=litellm",
        "llm.model=m",
        "llm.backoff_min=1ms",
        "llm.backoff_max=5ms",
        "llm.outage_wait=1s",
        "llm.timeout=2s",
        "llm.max_retries=2",
        "research.permutations=99",
        "budget.cycles=2",
    ]
    .into_iter()
    .chain((!is_deep_tier()).then_some("research.shuffled_run=false"))
    {
        flags.extend(["--set".to_owned(), setting.to_owned()]);
    }
    flags
}

/// The document that a `--json` command printed.
pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", describe_output(output)))
}
