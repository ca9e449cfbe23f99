//! Where a model is, as the settings and the variables of other programs say it.

use super::*;

fn inherited(variables: &[(&str, &str)]) -> Desk {
    variables
        .iter()
        .fold(Desk::new().set("policy=llm"), |desk, (name, value)| {
            desk.variable(name, value)
        })
}

/// Provider, address, model and key variable as they are set.
fn endpoint(desk: &Desk) -> [String; 4] {
    let llm = desk.resolved().settings.llm;
    let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
    [
        text(llm.provider.map(Provider::name)),
        text(llm.base_url.as_deref()),
        text(llm.model.as_deref()),
        text(llm.api_key_env.as_deref()),
    ]
}

#[test]
fn the_variables_of_the_python_project_are_understood() {
    type Case = (&'static [(&'static str, &'static str)], [&'static str; 4]);
    let table: [Case; 10] = [
        (
            &[
                ("LLM_PROVIDER", "litellm"),
                ("LITELLM_MODEL", "ollama/qwen2.5-coder:7b"),
                ("LITELLM_API_BASE", "http://box:11434"),
            ],
            ["ollama", "http://box:11434/v1", "qwen2.5-coder:7b", "-"],
        ),
        (&[("LITELLM_MODEL", "ollama/qwen2.5")], ["ollama", "-", "qwen2.5", "-"]),
        (
            &[
                ("LITELLM_MODEL", "openai/local-model"),
                ("LITELLM_API_BASE", "http://localhost:1234/v1/"),
                ("LITELLM_API_KEY", "sk-1"),
            ],
            ["openai", "http://localhost:1234/v1", "local-model", "LITELLM_API_KEY"],
        ),
        (
            &[("LLM_PROVIDER", "litellm"), ("LITELLM_MODEL", "gpt-4o-mini")],
            ["openai", "-", "gpt-4o-mini", "-"],
        ),
        (
            &[
                ("LITELLM_MODEL", "deepseek/deepseek-chat"),
                ("LITELLM_API_BASE", "https://proxy/v1"),
            ],
            ["litellm", "https://proxy/v1", "deepseek/deepseek-chat", "-"],
        ),
        (
            &[("LITELLM_MODEL", "openrouter/qwen/qwen-2.5")],
            ["openrouter", "-", "qwen/qwen-2.5", "-"],
        ),
        (
            &[
                ("LLM_PROVIDER", "OpenAI"),
                ("OPENAI_MODEL", "gpt-4o"),
                ("OPENAI_API_KEY", "sk-1"),
            ],
            ["openai", "-", "gpt-4o", "-"],
        ),
        (
            &[("OPENAI_BASE_URL", "http://localhost:9/v1"), ("OPENAI_MODEL", "m")],
            ["openai", "http://localhost:9/v1", "m", "-"],
        ),
        (
            &[
                ("LLM_PROVIDER", "anthropic"),
                ("CLAUDE_MODEL", "claude-x"),
                ("OPENAI_MODEL", "gpt-4o"),
            ],
            ["anthropic", "-", "claude-x", "-"],
        ),
        (
            &[("LLM_PROVIDER", "openai"), ("LITELLM_MODEL", "openai/m")],
            ["openai", "-", "m", "-"],
        ),
    ];
    for (variables, expected) in table {
        assert_eq!(endpoint(&inherited(variables)), expected, "{variables:?}");
    }
    let desk = inherited(&[
        ("LITELLM_MODEL", "ollama/m"),
        ("LITELLM_TIMEOUT", "90.5"),
        ("OPENAI_ORGANIZATION", "o"),
    ]);
    let Resolved { settings, origins } = desk.resolved();
    assert_eq!(settings.llm.timeout.get().as_millis(), 90_500);
    assert_eq!(settings.llm.organization, None, "another endpoint's");
    let variable = "LITELLM_TIMEOUT".to_owned();
    assert_eq!(origins["llm.timeout"], Origin::Environment { variable });
}

#[test]
fn inherited_variables_lie_between_profile_and_run_file() {
    let set = [("OPENAI_MODEL", "theirs"), ("OPENAI_ORGANIZATION", "org")];
    let profile = "policy = \"llm\"\n[llm]\nprovider = \"openai\"\nmodel = \"profile's\"\n";
    let desk = inherited(&set).file("p.toml", profile).profile("./p.toml");
    let Resolved { settings, origins } = desk.resolved();
    assert_eq!(settings.llm.model.as_deref(), Some("theirs"));
    assert_eq!(settings.llm.organization.as_deref(), Some("org"));
    assert_eq!(origins["llm.model"].to_string(), "environment variable OPENAI_MODEL");
    let desk = desk.run_file("[llm]\nmodel = \"run's\"\n");
    assert_eq!(desk.resolved().settings.llm.model.as_deref(), Some("run's"));
    let desk = desk.variable("KOSMOS__LLM__MODEL", "own");
    assert_eq!(desk.resolved().settings.llm.model.as_deref(), Some("own"));
    let desk = desk.set("llm.model=flag's");
    assert_eq!(desk.resolved().settings.llm.model.as_deref(), Some("flag's"));
}

#[test]
fn endpoints_are_not_mixed() {
    let everything = [
        ("LLM_PROVIDER", "openai"),
        ("OPENAI_MODEL", "gpt-4o"),
        ("OPENAI_BASE_URL", "https://api.openai.com/v1"),
        ("LITELLM_MODEL", "deepseek/deepseek-chat"),
        ("LITELLM_API_BASE", "https://elsewhere/v1"),
        ("LITELLM_API_KEY", "sk-1"),
    ];
    let ollama = ["ollama", "-", "m", "-"];
    let desk = inherited(&everything).set("llm.provider=ollama").set("llm.model=m");
    assert_eq!(endpoint(&desk), ollama);
    // An address of one's own is not sent another provider's key.
    let desk = inherited(&everything)
        .set("llm.base_url=http://localhost:8000/v1")
        .set("llm.model=m");
    assert_eq!(endpoint(&desk), ["-", "http://localhost:8000/v1", "m", "-"]);
}

#[test]
fn inherited_variables_count_only_where_a_model_is_asked_for() {
    let plain = Desk::new().resolved();
    let desk = Desk::new()
        .variable("LLM_PROVIDER", "openai")
        .variable("OPENAI_MODEL", "gpt-4o")
        .variable("LITELLM_TIMEOUT", "soon");
    assert_eq!(desk.resolved(), plain);
}

#[test]
fn inherited_values_that_make_no_sense_are_refused() {
    let refused = |variables: &[(&str, &str)]| inherited(variables).refused();
    assert_eq!(
        refused(&[("LLM_PROVIDER", "claude_code")]),
        "`llm.provider` cannot be \"claude_code\": it must be one of \"openai\", \"ollama\", \"vllm\", \"litellm\", \
         \"openrouter\", \"anthropic\" (environment variable LLM_PROVIDER) | change LLM_PROVIDER, or unset it"
    );
    assert_eq!(
        refused(&[("LITELLM_MODEL", "ollama/m"), ("LITELLM_TIMEOUT", "soon")]),
        "`llm.timeout` cannot be \"soon\": it must be a duration such as \"90s\" or \"30m\" \
         (environment variable LITELLM_TIMEOUT) | change LITELLM_TIMEOUT, or unset it"
    );
}

#[test]
fn a_model_policy_without_a_model_is_refused_with_the_presets() {
    let help = " | set llm.model, and llm.base_url or llm.provider (openai, ollama, vllm, litellm, openrouter, anthropic); \
                or start from --profile ollama; `kosmos doctor` checks the endpoint";
    let refused = |desk: Desk, what: &str| {
        assert_eq!(
            desk.refused(),
            format!("`policy` is \"llm\" (flag --set), and {what} not set{help}")
        );
    };
    let desk = || Desk::new().set("policy=llm");
    refused(desk(), "llm.model and llm.base_url are");
    refused(desk().set("llm.provider=ollama"), "llm.model is");
    refused(desk().set("llm.model=m"), "llm.base_url is");
    // A key chooses nothing by itself.
    refused(
        desk().variable("OPENAI_API_KEY", "sk-1"),
        "llm.model and llm.base_url are",
    );
    let each = [
        "research_director",
        "hypothesis_generator",
        "code_generator",
        "data_analyst",
    ];
    let desk = each.iter().fold(desk().set("llm.provider=vllm"), |desk, agent| {
        desk.set(&format!("llm.models.{agent}=m"))
    });
    let models = desk.resolved().settings.llm;
    assert!(models.models_by_agent().iter().all(|(_, model)| *model == Some("m")));
}

#[test]
fn what_a_model_needs_is_held_to_its_range() {
    let table = [
        (
            "llm.temperature=2.5",
            "`llm.temperature` cannot be 2.5: it must be from 0 to 2 (flag --set)",
        ),
        (
            "llm.max_tokens=8",
            "`llm.max_tokens` cannot be 8: it must be at least 16 (flag --set)",
        ),
        (
            "llm.context_tokens=2048",
            "`llm.context_tokens` cannot be 2048: it must be larger than llm.max_tokens (2048), since prompt and reply share it \
             (flag --set)",
        ),
        (
            "llm.timeout=0s",
            "`llm.timeout` cannot be \"0s\": it must be longer than zero (flag --set)",
        ),
        (
            "llm.backoff_max=1ms",
            "`llm.backoff_max` cannot be \"1ms\": it is shorter than llm.backoff_min, 500ms (flag --set)",
        ),
        (
            "llm.requests_per_minute=0",
            "`llm.requests_per_minute` cannot be 0: it must be at least 1 (flag --set)",
        ),
        (
            "llm.max_repairs=11",
            "`llm.max_repairs` cannot be 11: it must be at most 10 (flag --set)",
        ),
        (
            "llm.model= ",
            "`llm.model` cannot be \" \": it is blank (flag --set) | give a value, or leave the key out",
        ),
        (
            "llm.base_url=localhost:11434",
            "`llm.base_url` cannot be \"localhost:11434\": it must be an address such as \"http://localhost:11434/v1\" \
             (flag --set)",
        ),
    ];
    for (assignment, expected) in table {
        assert_eq!(Desk::new().set(assignment).refused(), expected, "{assignment}");
    }
}

#[test]
fn a_key_is_refused_where_a_setting_belongs_and_never_shown() {
    const KEY: &str = "sk-0123456789";
    for assignment in [
        format!("llm.api_key_env={KEY}"),
        format!("llm.base_url=https://me:{KEY}@host/v1"),
        format!("llm.headers=[\"Authorization: Bearer {KEY}\"]"),
        format!("llm.headers=[\"{KEY}\"]"),
        format!("llm.headers=[\"X-Api-Key: ${KEY}\"]"),
    ] {
        let refused = Desk::new().set(&assignment).refused();
        assert!(!refused.contains(KEY) && refused.contains("not shown"), "{refused}");
    }
    let refused = Desk::new().run_file(&format!("[llm]\napi_key = \"{KEY}\"\n")).refused();
    assert!(
        !refused.contains(KEY) && refused.contains("llm.api_key_env"),
        "{refused}"
    );
    let refused = Desk::new().variable("KOSMOS__LLM__API_KEY", KEY).refused();
    assert!(!refused.contains(KEY), "{refused}");
    let keys = [
        "OPENAI_API_KEY",
        "LITELLM_API_KEY",
        "ANTHROPIC_API_KEY",
        "OPENROUTER_API_KEY",
    ];
    let desk = keys.iter().fold(
        inherited(&[("LITELLM_MODEL", "openai/m")]).set("llm.headers=[\"X-Auth: $OPENAI_API_KEY\"]"),
        |desk, name| desk.variable(name, KEY),
    );
    let resolved = desk.resolved();
    let everything = [
        resolved.to_toml().unwrap(),
        resolved.to_annotated_toml().unwrap(),
        serde_json::to_string(&resolved).unwrap(),
        format!("{resolved:?}"),
    ];
    assert!(everything.iter().all(|text| !text.contains(KEY)));
}

#[test]
fn prices_are_relative_to_the_file_that_names_them() {
    let desk = Desk::new().run_file("[llm]\nprices = \"my-prices.toml\"\n");
    assert_eq!(
        desk.resolved().settings.llm.prices,
        Some(desk.path("study/my-prices.toml"))
    );
    let desk = desk.set("llm.prices=own.toml");
    assert_eq!(desk.resolved().settings.llm.prices, Some(desk.path("own.toml")));
}

#[test]
fn models_of_agents_are_shown_and_read_back() {
    let desk = Desk::new().set("llm.models.code_generator=coder");
    let shown = desk.resolved().to_annotated_toml().unwrap();
    assert!(shown.contains("\n[llm.models]\ncode_generator = \"coder\""), "{shown}");
    let desk = desk.file("runs/1/run.toml", &shown);
    let read = Request::frozen(desk.path("runs/1/run.toml")).resolve().unwrap();
    assert_eq!(read.settings, desk.resolved().settings);
}
