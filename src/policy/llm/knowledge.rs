//! What a model is told of the research, compressed to what fits, with what was left out said.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::message::{Elsewhere, Known, KnownTest};
use crate::policy::heuristic::Interest;
use crate::prompt::{PromptError, Rendered, estimate_prompt_tokens, fit_lines, inline, shorten_to_tokens};
use crate::science::{Column, Effect, Hypothesis, Profile, Role};
use crate::study::DeclaredRoles;

/// Levels of a column that are shown.
const MOST_LEVELS: usize = 6;

/// What is known of the research, before it is cut to fit.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    #[allow(missing_docs)]
    pub question: &'a str,
    #[allow(missing_docs)]
    pub target: Option<&'a str>,
    /// Profile of each data set, by name.
    pub profiles: &'a [(String, Profile)],
    /// What looked promising on the explore part.
    pub known: &'a [KnownTest],
    /// What showed nothing there.
    pub refuted: &'a [KnownTest],
    /// What earlier runs know of other data.
    pub elsewhere: &'a Elsewhere,
    /// Whether of columns only names and types are told, and nothing of their values.
    pub names_only: bool,
}

/// The same in lines, most relevant first, each list with a last line on what is not shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Knowledge {
    #[allow(missing_docs)]
    pub question: String,
    #[allow(missing_docs)]
    pub target: Option<String>,
    #[allow(missing_docs)]
    pub columns: Vec<String>,
    #[allow(missing_docs)]
    pub known: Vec<String>,
    #[allow(missing_docs)]
    pub refuted: Vec<String>,
    #[allow(missing_docs)]
    pub elsewhere: Vec<String>,
}

/// Fills in a prompt with as much of `sources` as `room` tokens hold together with the prompt's own words.
///
/// # Errors
/// Those of `fill`.
pub fn fitted(
    sources: &Sources<'_>,
    room: usize,
    fill: impl Fn(Knowledge) -> Result<Rendered, PromptError>,
) -> Result<Rendered, PromptError> {
    let bare = fill(Knowledge {
        question: " ".to_owned(),
        target: sources.target.map(str::to_owned),
        columns: vec![String::new()],
        known: sources.known.first().map(|_| String::new()).into_iter().collect(),
        refuted: sources.refuted.first().map(|_| String::new()).into_iter().collect(),
        elsewhere: sources.elsewhere().first().map(|_| String::new()).into_iter().collect(),
    })?;
    fill(sources.within(room.saturating_sub(bare.estimate_tokens())))
}

impl Sources<'_> {
    /// As much as `room` tokens hold. The question has a third of it at most, the columns half of the rest, and what
    /// one of them leaves is the next one's.
    pub fn within(&self, room: usize) -> Knowledge {
        let question = shorten_to_tokens(self.question, room / 3);
        let mut left = room.saturating_sub(estimate_prompt_tokens(&question));
        let mut list = |lines: Vec<String>, share: usize, things: &str| {
            let lines = fit_lines(lines, left / share, things);
            left = left.saturating_sub(lines.iter().map(|line| estimate_prompt_tokens(line) + 1).sum());
            lines
        };
        Knowledge {
            question,
            target: self.target.map(str::to_owned),
            columns: list(self.columns(), 2, "columns"),
            known: list(self.tests(self.known), 2, "promising tests"),
            refuted: list(
                self.tests(self.refuted),
                if self.elsewhere.is_empty() { 1 } else { 2 },
                "tests",
            ),
            elsewhere: list(self.elsewhere(), 1, "earlier tests"),
        }
    }

    /// What earlier runs know of other data: what was found, what is open, what was not found, each best first.
    fn elsewhere(&self) -> Vec<String> {
        let lists = [
            ("found", &self.elsewhere.found),
            ("left open", &self.elsewhere.open),
            ("not found", &self.elsewhere.refuted),
        ];
        let lines = lists
            .iter()
            .flat_map(|(verdict, list)| list.iter().map(move |known| known_line(verdict, known)));
        lines.collect()
    }

    fn interest(&self, profile: &Profile) -> Interest {
        Interest::of(self.question, DeclaredRoles::of_outcome(self.target), profile)
    }

    /// The usable columns: the outcome first, then those that the question mentions, then the rest in their order.
    fn columns(&self) -> Vec<String> {
        let mut ranked = Vec::new();
        for (name, profile) in self.profiles {
            let interest = self.interest(profile);
            for column in profile.columns.iter().filter(|column| column.usable) {
                let rank = match () {
                    () if interest.is_target(&column.name) => 0,
                    () if interest.mentioned.contains(&column.name) => 1,
                    () => 2,
                };
                let table = (self.profiles.len() > 1).then_some(name.as_str());
                ranked.push((rank, column_line(column, table, self.names_only)));
            }
        }
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, line)| line).collect()
    }

    /// Tests by their relevance to the question, then by how clear they are.
    fn tests(&self, tests: &[KnownTest]) -> Vec<String> {
        let interests: BTreeMap<&str, Interest> = self
            .profiles
            .iter()
            .map(|(name, profile)| (name.as_str(), self.interest(profile)))
            .collect();
        let relevance = |hypothesis: &Hypothesis| {
            interests
                .get(hypothesis.dataset.as_str())
                .map_or(0.0, |interest| interest.relevance(&hypothesis.x, &hypothesis.y))
        };
        let mut ranked: Vec<(f64, f64, &KnownTest)> = tests
            .iter()
            .map(|test| (relevance(&test.hypothesis), test.explore.p.unwrap_or(1.0), test))
            .collect();
        ranked.sort_by(|a, b| {
            b.0.total_cmp(&a.0)
                .then(a.1.total_cmp(&b.1))
                .then_with(|| a.2.hypothesis.id.cmp(&b.2.hypothesis.id))
        });
        ranked.into_iter().map(|(_, _, test)| test_line(test)).collect()
    }
}

fn column_line(column: &Column, table: Option<&str>, names_only: bool) -> String {
    let role = match column.role {
        Role::Numeric if column.is_moment() => "time",
        Role::Numeric if column.level_order.is_some() => "words with an order, as ranks",
        Role::Numeric if column.ordinal => "numeric, few steps",
        Role::Numeric => "numeric",
        Role::Binary => "two groups",
        Role::Categorical => "groups",
        _ => "other",
    };
    let mut line = format!("{}: {role}", inline(&column.name));
    if let Some(table) = table {
        line.push_str(&format!(", table {}", inline(table)));
    }
    if names_only {
        return line;
    }
    if let Some(levels) = &column.levels {
        let shown: Vec<String> = levels
            .iter()
            .take(MOST_LEVELS)
            .map(|level| inline(&level.level))
            .collect();
        line.push_str(&format!(" ({})", shown.join(", ")));
        if levels.len() > MOST_LEVELS {
            line.push_str(&format!(" and {} more", levels.len() - MOST_LEVELS));
        }
    } else if let (Some(min), Some(max)) = (column.min, column.max) {
        line.push_str(&format!(", {} to {}", short(min), short(max)));
    }
    line
}

fn known_line(verdict: &str, known: &Known) -> String {
    let mut line = format!("{verdict}: {} and {}", inline(&known.x), inline(&known.y));
    if !known.covariates.is_empty() {
        let fixed: Vec<String> = known.covariates.iter().map(|name| inline(name)).collect();
        line.push_str(&format!(", given {}", fixed.join(", ")));
    }
    if let Some(by) = &known.by {
        line.push_str(&format!(", by {}", inline(by)));
    }
    line.push_str(&format!(" [{}]", inline(&known.kind)));
    if let Some(direction) = known.direction.as_ref().filter(|_| known.significant) {
        line.push_str(&format!(", direction {}", inline(direction)));
    }
    line
}

fn test_line(test: &KnownTest) -> String {
    let hypothesis = &test.hypothesis;
    let mut line = format!("{} and {}", inline(&hypothesis.x), inline(&hypothesis.y));
    if !hypothesis.covariates.is_empty() {
        let fixed: Vec<String> = hypothesis.covariates.iter().map(|name| inline(name)).collect();
        line.push_str(&format!(", given {}", fixed.join(", ")));
    }
    if let Some(by) = &hypothesis.by {
        line.push_str(&format!(", by {}", inline(by)));
    }
    line.push_str(&format!(" [{}]", inline(&hypothesis.kind)));
    if let Some(direction) = &test.explore.direction {
        line.push_str(&format!(", direction {}", inline(direction)));
    }
    if let Some(Effect {
        name,
        value: Some(value),
        ..
    }) = &test.explore.effect
    {
        line.push_str(&format!(", {} {}", inline(name), short(*value)));
    }
    if let Some(p) = test.explore.p {
        line.push_str(&format!(", p {}", short(p)));
    }
    line
}

/// Three significant digits.
pub fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (0.001..100_000.0).contains(&size) {
        let places = if size >= 100.0 || value == 0.0 {
            0
        } else {
            (2 - size.log10().floor() as i32).max(0) as usize
        };
        let text = format!("{value:.places$}");
        return match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        };
    }
    format!("{value:.2e}")
}
