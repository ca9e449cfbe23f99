//! Settings of a model as a person at a shell meets them.

use kosmos_testing::TestShell;

#[test]
fn a_run_with_a_model_needs_to_know_which() {
    let shell = TestShell::new().file("a.csv", "x,y\n1,2\n");
    let outcome = shell.kosmos(&["run", "--question", "why?", "--data", "a.csv", "--set", "policy=llm"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(outcome.stderr, @r#"
    error: `policy` is "llm" (flag --set), and llm.model and llm.base_url are not set
    help: set llm.model, and llm.base_url or llm.provider (openai, ollama, vllm, litellm, openrouter, anthropic); or start from --profile ollama; `kosmos doctor` checks the endpoint
    "#);
    assert!(!shell.path(".kosmos").exists());
}

#[test]
fn settings_of_other_programs_are_shown_with_their_origin_and_keys_are_not() {
    let shell = TestShell::new()
        .variable("LLM_PROVIDER", "litellm")
        .variable("LITELLM_MODEL", "ollama/qwen2.5-coder:7b")
        .variable("LITELLM_API_BASE", "http://localhost:11434")
        .variable("LITELLM_API_KEY", "sk-0123456789")
        .variable("OPENAI_API_KEY", "sk-0123456789");
    let outcome = shell.kosmos(&["config", "show", "--set", "policy=llm"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let shown: Vec<&str> = outcome
        .stdout
        .lines()
        .filter(|line| line.ends_with("LITELLM_MODEL") || line.ends_with("LITELLM_API_BASE"))
        .map(|line| line.split("  #").next().unwrap().trim_end())
        .collect();
    assert_eq!(
        shown,
        [
            "provider = \"ollama\"",
            "base_url = \"http://localhost:11434/v1\"",
            "model = \"qwen2.5-coder:7b\"",
        ]
    );
    assert!(outcome.stdout.contains("api_key_env = \"LITELLM_API_KEY\""));
    let json = shell.kosmos(&["config", "show", "--set", "policy=llm", "--json"]);
    assert_eq!(json.json()["origins"]["llm.model"]["variable"], "LITELLM_MODEL");
    for said in [&outcome.stdout, &outcome.stderr, &json.stdout, &json.stderr] {
        assert!(!said.contains("sk-0123456789"));
    }
}

#[test]
fn each_profile_of_a_model_is_a_configuration_that_works() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/penguins/llm.toml");
    for profile in ["ollama", "openai", "litellm", "vllm", "openrouter", "anthropic"] {
        let shell = TestShell::new();
        let document = shell
            .kosmos(&["config", "show", example, "--profile", profile, "--json"])
            .json();
        let settings = &document["settings"];
        assert_eq!(
            (&settings["policy"], &settings["llm"]["provider"]),
            (&"llm".into(), &profile.into())
        );
        assert!(settings["llm"]["model"].is_string(), "{profile}");
        assert_eq!(document["origins"]["llm.analyses"]["kind"], "run_file");
    }
}

#[test]
fn a_key_in_place_of_its_variable_is_not_repeated() {
    let arguments = ["config", "show", "--json", "--set", "llm.api_key_env=sk-0123456789"];
    let outcome = TestShell::new().kosmos(&arguments);
    assert_eq!(
        (outcome.code, &outcome.json()["error"]["key"]),
        (2, &"llm.api_key_env".into())
    );
    assert!(!outcome.stdout.contains("sk-0123456789") && !outcome.stderr.contains("sk-0123456789"));
}

#[test]
fn what_can_not_be_replayed_is_said() {
    let shell = TestShell::new()
        .file(".kosmos/runs/r-1/run.toml", "question = \"why?\"\n")
        .file(".kosmos/runs/r-1/journal.jsonl", "");
    assert_eq!(shell.kosmos(&["trust", "r-1", "--yes"]).code, 0);
    let outcome = shell.kosmos(&["replay", "r-1"]);
    assert_eq!(outcome.code, 2);
    insta::assert_snapshot!(outcome.stderr, @"
    error: the run `r-1` has not ended
    help: `kosmos resume r-1` continues it
    ");
    assert_eq!(shell.kosmos(&["replay", "r-2"]).code, 2);
}
