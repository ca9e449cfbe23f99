use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::{ByteSize, DataSource, GraphSettings, HumanDuration, LlmSettings, Settings, endpoint, packages};

/// Columns that can be held fixed at once; the rule book has the same number for its own tests.
pub const MOST_GIVEN: usize = 12;

/// A value of the right type that is invalid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OutOfRange {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) reason: String,
    /// The remedy, if the reason does not imply it.
    pub(super) remedy: Option<String>,
}

impl OutOfRange {
    fn new(key: impl Into<String>, value: impl Display, reason: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.to_string(),
            reason: reason.into(),
            remedy: None,
        }
    }

    fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Checks ranges, blank texts, and values that must be consistent with each other.
pub(super) fn check_settings(settings: &Settings) -> Result<(), OutOfRange> {
    check_inputs(settings)?;
    let Settings {
        budget,
        research,
        sandbox,
        journal,
        supervisor,
        ..
    } = settings;

    at_least("budget.cycles", budget.cycles.into(), 1)?;
    at_least("budget.experiments", budget.experiments.into(), 1)?;
    at_least("budget.tests", budget.tests.into(), 1)?;
    some_time("budget.wall_time", budget.wall_time)?;
    if let Some(tokens) = budget.tokens {
        at_least("budget.tokens", tokens, 1)?;
    }
    if let Some(usd) = budget.usd.filter(|usd| !(usd.is_finite() && *usd > 0.0)) {
        return Err(OutOfRange::new("budget.usd", usd, "it must be more than 0"));
    }

    inside_unit("research.alpha", research.alpha)?;
    inside_unit("research.explore_share", research.explore_share)?;
    within("research.explore_ratio", research.explore_ratio, 0.0..=1.0)?;
    at_least("research.batch", research.batch.into(), 1)?;
    at_least("research.permutations", research.permutations.into(), 1)?;
    at_least("research.check_rows", research.check_rows, 1)?;
    within("research.challenge_share", research.challenge_share, 0.0..=1.0)?;

    some_time("sandbox.wall", sandbox.wall)?;
    some_time("sandbox.cpu", sandbox.cpu)?;
    packages::check_packages(sandbox).map_err(|error| {
        let remedy = error.help();
        let wrong = OutOfRange::new("sandbox.packages", format!("{:?}", sandbox.packages), error.to_string());
        OutOfRange { remedy, ..wrong }
    })?;
    at_most("sandbox.pool", sandbox.pool.into(), 64)?;
    at_least("sandbox.processes", sandbox.processes.into(), 1)?;
    at_least("sandbox.open_files", sandbox.open_files.into(), 16)?;
    some_bytes("sandbox.memory", sandbox.memory)?;
    some_bytes("sandbox.file_size", sandbox.file_size)?;
    some_bytes("sandbox.workspace", sandbox.workspace)?;
    some_bytes("sandbox.stdout", sandbox.stdout)?;
    some_time("sandbox.reader.wall", sandbox.reader.wall)?;
    some_time("sandbox.reader.cpu", sandbox.reader.cpu)?;
    some_bytes("sandbox.reader.memory", sandbox.reader.memory)?;
    some_bytes("sandbox.reader.file_size", sandbox.reader.file_size)?;
    some_bytes("sandbox.reader.workspace", sandbox.reader.workspace)?;

    check_llm(&settings.llm)?;
    check_graph(&settings.graph)?;

    at_least("journal.snapshot_every", journal.snapshot_every, 1)?;

    some_time("supervisor.window", supervisor.window)?;
    some_time("supervisor.backoff_min", supervisor.backoff_min)?;
    some_time("supervisor.handler_deadline", supervisor.handler_deadline)?;
    at_least("supervisor.max_attempts", supervisor.max_attempts.into(), 1)?;
    not_shorter(
        ("supervisor.backoff_max", supervisor.backoff_max),
        ("supervisor.backoff_min", supervisor.backoff_min),
    )
}

/// Schemes of a graph server's address: plain, TLS, and TLS with a certificate of the server's own.
const BOLT: [&str; 6] = ["bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"];

/// Maximum number of characters in a project's name.
const LONGEST_PROJECT: usize = 100;

fn check_project(project: &str) -> Result<(), OutOfRange> {
    not_blank("project", project)?;
    if project.chars().count() > LONGEST_PROJECT || project.contains(char::is_control) {
        let reason = format!("it must be one line of at most {LONGEST_PROJECT} characters");
        return Err(OutOfRange::new("project", quoted(project), reason));
    }
    Ok(())
}

fn check_graph(graph: &GraphSettings) -> Result<(), OutOfRange> {
    for (key, text) in [("graph.uri", &graph.uri), ("graph.user", &graph.user)] {
        not_blank(key, text)?;
    }
    if let Some(database) = &graph.database {
        not_blank("graph.database", database)?;
    }
    if endpoint::has_credentials(&graph.uri) {
        return Err(OutOfRange::new(
            "graph.uri",
            endpoint::UNSHOWN,
            "a password in it would be written to the run's settings",
        )
        .with_remedy("set the environment variable NEO4J_PASSWORD, and graph.user"));
    }
    let scheme = graph.uri.split_once("://").map(|(scheme, _)| scheme);
    if !scheme.is_some_and(|scheme| BOLT.contains(&scheme)) {
        let reason = format!(
            "it must begin with one of {}",
            BOLT.map(|scheme| format!("{scheme}://")).join(", ")
        );
        return Err(OutOfRange::new("graph.uri", quoted(&graph.uri), reason));
    }
    some_time("graph.timeout", graph.timeout)?;
    some_time("graph.wait", graph.wait)?;
    at_least("graph.batch", graph.batch.into(), 1)?;
    at_most("graph.batch", graph.batch.into(), 10_000)
}

fn check_llm(llm: &LlmSettings) -> Result<(), OutOfRange> {
    check_llm_texts(llm)?;
    if let Some(temperature) = llm.temperature {
        within("llm.temperature", temperature, 0.0..=2.0)?;
    }
    at_least("llm.max_tokens", llm.max_tokens.into(), 16)?;
    at_least("llm.context_tokens", llm.context_tokens.into(), 1024)?;
    if llm.context_tokens <= llm.max_tokens {
        let reason = format!(
            "it must be larger than llm.max_tokens ({}), since prompt and reply share it",
            llm.max_tokens
        );
        return Err(OutOfRange::new("llm.context_tokens", llm.context_tokens, reason));
    }
    some_bytes("llm.max_reply", llm.max_reply)?;
    some_time("llm.timeout", llm.timeout)?;
    at_most("llm.max_retries", llm.max_retries.into(), 100)?;
    some_time("llm.backoff_min", llm.backoff_min)?;
    not_shorter(
        ("llm.backoff_max", llm.backoff_max),
        ("llm.backoff_min", llm.backoff_min),
    )?;
    for (key, limit) in [
        ("llm.requests_per_minute", llm.requests_per_minute),
        ("llm.tokens_per_minute", llm.tokens_per_minute),
    ] {
        if let Some(limit) = limit {
            at_least(key, limit.into(), 1)?;
        }
    }
    at_least("llm.max_concurrent", llm.max_concurrent.into(), 1)?;
    at_most("llm.max_concurrent", llm.max_concurrent.into(), 1024)?;
    at_least("llm.breaker_failures", llm.breaker_failures.into(), 1)?;
    some_time("llm.breaker_pause", llm.breaker_pause)?;
    at_most("llm.hypotheses", llm.hypotheses.into(), 100)?;
    at_most("llm.analyses", llm.analyses.into(), 20)?;
    at_most("llm.max_repairs", llm.max_repairs.into(), 10)
}

fn check_llm_texts(llm: &LlmSettings) -> Result<(), OutOfRange> {
    let prices = llm.prices.as_ref().map(|path| path.to_string_lossy().into_owned());
    let models = &llm.models;
    for (key, text) in [
        ("llm.model", &llm.model),
        ("llm.models.research_director", &models.research_director),
        ("llm.models.hypothesis_generator", &models.hypothesis_generator),
        ("llm.models.code_generator", &models.code_generator),
        ("llm.models.data_analyst", &models.data_analyst),
        ("llm.organization", &llm.organization),
        ("llm.prices", &prices),
    ] {
        if let Some(text) = text {
            not_blank(key, text)?;
        }
    }
    if let Some(address) = &llm.base_url {
        if endpoint::has_credentials(address) {
            let wrong = OutOfRange::new("llm.base_url", endpoint::UNSHOWN, "settings must not hold a password");
            return Err(wrong.with_remedy("name the environment variable that holds it in llm.api_key_env"));
        }
        endpoint::check_address(address).map_err(|reason| OutOfRange::new("llm.base_url", quoted(address), reason))?;
    }
    if llm
        .api_key_env
        .as_deref()
        .is_some_and(|name| !endpoint::is_variable(name))
    {
        let reason = "it must be the name of an environment variable, such as OPENAI_API_KEY, and not the key itself";
        return Err(OutOfRange::new("llm.api_key_env", endpoint::UNSHOWN, reason));
    }
    for header in &llm.headers {
        endpoint::check_header(header).map_err(|error| {
            let value = match error.may_show_value() {
                true => quoted(header),
                false => endpoint::UNSHOWN.to_owned(),
            };
            OutOfRange {
                remedy: error.help().map(str::to_owned),
                ..OutOfRange::new("llm.headers", value, error.to_string())
            }
        })?;
    }
    Ok(())
}

fn check_inputs(settings: &Settings) -> Result<(), OutOfRange> {
    if let Some(question) = &settings.question {
        not_blank("question", question)?;
    }
    for (key, column) in [
        ("target", &settings.target),
        ("exposure", &settings.exposure),
        ("subject", &settings.subject),
        ("time", &settings.time),
    ] {
        if let Some(column) = column {
            not_blank(key, column)?;
        }
    }
    for column in &settings.given {
        not_blank("given", column)?;
    }
    if settings.given.len() > MOST_GIVEN {
        let reason = format!("at most {MOST_GIVEN} columns can be held fixed at once");
        return Err(OutOfRange::new("given", format!("{:?}", settings.given), reason));
    }
    if let Some(project) = &settings.project {
        check_project(project)?;
    }
    for column in &settings.randomised {
        not_blank("randomised", column)?;
    }
    let sandbox = &settings.sandbox;
    let python = sandbox.python.as_ref().map(|path| path.to_string_lossy().into_owned());
    for (key, text) in [
        ("sandbox.python", &python),
        ("sandbox.engine", &sandbox.engine),
        ("sandbox.image", &sandbox.image),
        ("sandbox.r_image", &sandbox.r_image),
        ("sandbox.runtime", &sandbox.runtime),
    ] {
        if let Some(text) = text {
            not_blank(key, text)?;
        }
    }
    let mut names = BTreeMap::new();
    for (index, source) in settings.data.iter().enumerate() {
        not_blank(&format!("data[{index}].path"), &source.path.to_string_lossy())?;
        let codebook = source.codebook.as_ref().map(|path| path.to_string_lossy().into_owned());
        for (name, text) in [
            ("name", &source.name),
            ("sheet", &source.sheet),
            ("codebook", &codebook),
            ("description", &source.description),
        ] {
            if let Some(text) = text {
                not_blank(&format!("data[{index}].{name}"), text)?;
            }
        }
        if let Some(first) = names.insert(source.display_name(), index) {
            let key = format!("data[{index}].name");
            let reason = format!("data[{first}] has the same name");
            let wrong = OutOfRange::new(key, quoted(source.display_name()), reason);
            return Err(wrong.with_remedy("give one of them another name with `name`"));
        }
    }
    check_joins(settings)
}

/// Checks that joins name two of the tables and pairs of columns.
fn check_joins(settings: &Settings) -> Result<(), OutOfRange> {
    let names: Vec<String> = settings.data.iter().map(DataSource::display_name).collect();
    for (index, join) in settings.join.iter().enumerate() {
        for (side, name) in [("left", &join.left), ("right", &join.right)] {
            if !names.contains(name) {
                let wrong = OutOfRange::new(
                    format!("join[{index}].{side}"),
                    quoted(name),
                    "there is no table of that name",
                );
                return Err(wrong.with_remedy(format!("the tables are {}", names.join(", "))));
            }
        }
        if join.left == join.right {
            let wrong = OutOfRange::new(
                format!("join[{index}].right"),
                quoted(&join.right),
                "a table is not joined with itself",
            );
            return Err(wrong.with_remedy("name another table"));
        }
        if join.on.is_empty() {
            let wrong = OutOfRange::new(format!("join[{index}].on"), "[]", "it names no columns");
            let remedy = format!(
                "name a column of {} and one of {}: [[\"id\", \"id\"]]",
                join.left, join.right
            );
            return Err(wrong.with_remedy(remedy));
        }
        for name in join.on.iter().flatten() {
            not_blank(&format!("join[{index}].on"), name)?;
        }
    }
    Ok(())
}

fn quoted(value: impl Display) -> String {
    format!("{:?}", value.to_string())
}

fn not_blank(key: &str, text: &str) -> Result<(), OutOfRange> {
    if text.trim().is_empty() {
        let wrong = OutOfRange::new(key, quoted(text), "it is blank");
        return Err(wrong.with_remedy("give a value, or leave the key out"));
    }
    Ok(())
}

fn at_least(key: &str, value: u64, least: u64) -> Result<(), OutOfRange> {
    if value < least {
        return Err(OutOfRange::new(key, value, format!("it must be at least {least}")));
    }
    Ok(())
}

fn at_most(key: &str, value: u64, most: u64) -> Result<(), OutOfRange> {
    if value > most {
        return Err(OutOfRange::new(key, value, format!("it must be at most {most}")));
    }
    Ok(())
}

fn inside_unit(key: &str, value: f64) -> Result<(), OutOfRange> {
    if value > 0.0 && value < 1.0 {
        return Ok(());
    }
    Err(OutOfRange::new(key, value, "it must be between 0 and 1, both excluded"))
}

fn within(key: &str, value: f64, range: RangeInclusive<f64>) -> Result<(), OutOfRange> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(OutOfRange::new(
        key,
        value,
        format!("it must be from {} to {}", range.start(), range.end()),
    ))
}

fn some_time(key: &str, value: HumanDuration) -> Result<(), OutOfRange> {
    if value.is_zero() {
        return Err(OutOfRange::new(key, quoted(value), "it must be longer than zero"));
    }
    Ok(())
}

fn not_shorter(longer: (&str, HumanDuration), shorter: (&str, HumanDuration)) -> Result<(), OutOfRange> {
    if longer.1 < shorter.1 {
        let reason = format!("it is shorter than {}, {}", shorter.0, shorter.1);
        return Err(OutOfRange::new(longer.0, quoted(longer.1), reason));
    }
    Ok(())
}

fn some_bytes(key: &str, value: ByteSize) -> Result<(), OutOfRange> {
    if value.get() == 0 {
        return Err(OutOfRange::new(key, quoted(value), "it must be larger than zero"));
    }
    Ok(())
}
