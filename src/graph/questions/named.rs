//! The resolution of the names that people use to the ids of nodes.

use super::QuestionError;
use crate::graph::{GraphError, GraphStore, Label, Node, Walk, names};

/// Nodes of a label that are looked through for a name.
const MOST: usize = 1_000_000;

/// Names that are proposed instead of one that is not known.
const PROPOSED: usize = 3;

/// How alike a name must be to be proposed.
const LIKENESS: f64 = 0.7;

/// Matches that are told of.
const TOLD: usize = 5;

/// Digits of a hash that tell one from another.
const DIGITS: usize = 12;

/// Whether a node is there.
pub(in crate::graph) async fn find_node(store: &dyn GraphStore, id: &str) -> Result<Option<Node>, GraphError> {
    let found = store.walk(Walk::starting_at([id])).await?;
    Ok(found.into_iter().flatten().next())
}

/// The concept of a column of that name.
///
/// # Errors
/// [`QuestionError::Unknown`] with the nearest names, [`QuestionError::Nothing`] where no column is known.
pub async fn known_variable(store: &dyn GraphStore, name: &str) -> Result<String, QuestionError> {
    let id = names::concept_node_id(name);
    if find_node(store, &id).await?.is_some() {
        return Ok(id);
    }
    let known = store.list(Label::Concept, MOST).await?;
    Err(unknown_name(
        "variable",
        name,
        known.iter().filter_map(|node| node.text_property("name")),
    ))
}

/// The variables to look at: the one that is named, or all.
pub(super) async fn resolve_variables(
    store: &dyn GraphStore,
    name: Option<&str>,
) -> Result<Vec<String>, QuestionError> {
    match name {
        Some(name) => Ok(vec![known_variable(store, name).await?]),
        None => {
            let known = store.list(Label::Concept, MOST).await?;
            Ok(known.into_iter().map(|node| node.id).collect())
        }
    }
}

/// The runs of a project, by their names.
///
/// # Errors
/// [`QuestionError::Unknown`] with the nearest names, [`QuestionError::Nothing`] where no run belongs to a project.
pub async fn known_project(store: &dyn GraphStore, project: &str) -> Result<Vec<Node>, QuestionError> {
    let all = store.list(Label::Run, MOST).await?;
    let (of_it, others): (Vec<Node>, Vec<Node>) = all
        .into_iter()
        .partition(|run| run.text_property("project") == Some(project));
    match of_it.is_empty() {
        true => {
            let projects = others.iter().filter_map(|run| run.text_property("project"));
            Err(unknown_name("project", project, projects))
        }
        false => Ok(of_it),
    }
}

/// The table of that name, or whose SHA-256 begins so.
pub(super) async fn resolve_dataset(store: &dyn GraphStore, asked: &str) -> Result<String, QuestionError> {
    let mut known = store.list(Label::Dataset, MOST).await?;
    let digits = asked.to_lowercase();
    let is = |node: &Node| {
        let by_hash = node
            .text_property("sha256")
            .is_some_and(|sha256| sha256.starts_with(&digits));
        node.text_property("name") == Some(asked) || (by_hash && !digits.is_empty())
    };
    let matches: Vec<Node> = known.extract_if(.., |node| is(node)).collect();
    match matches.as_slice() {
        [] => {
            let names = known.iter().filter_map(|node| node.text_property("name"));
            Err(unknown_name("dataset", asked, names))
        }
        [one] => Ok(one.id.clone()),
        several => Err(QuestionError::Ambiguous {
            what: "dataset",
            asked: asked.to_owned(),
            matches: first_matches(several.iter().map(|node| {
                let sha256 = node.text_property("sha256").unwrap_or_default();
                let begins = sha256.get(..DIGITS).unwrap_or(sha256);
                format!("{begins} ({})", node.text_property("name").unwrap_or_default())
            })),
        }),
    }
}

/// The finding of that id, or whose id begins so, with or without the word before its colon.
pub(super) async fn resolve_finding(store: &dyn GraphStore, asked: &str) -> Result<Node, QuestionError> {
    let prefix = "finding:";
    let id = match asked.starts_with(prefix) {
        true => asked.to_owned(),
        false => format!("{prefix}{asked}"),
    };
    if let Some(found) = find_node(store, &id).await? {
        return Ok(found);
    }
    let mut known = store.list(Label::Finding, MOST).await?;
    let mut matches: Vec<Node> = known.extract_if(.., |node| node.id.starts_with(&id)).collect();
    match (matches.pop(), matches.is_empty()) {
        (None, _) => {
            let ids = known.iter().filter_map(|node| node.id.strip_prefix(prefix));
            Err(unknown_name("finding", asked, ids))
        }
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            matches.push(last);
            Err(QuestionError::Ambiguous {
                what: "finding",
                asked: asked.to_owned(),
                matches: first_matches(matches.into_iter().map(|node| node.id)),
            })
        }
    }
}

/// The first of several matches.
fn first_matches(matches: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let more = matches.len().saturating_sub(TOLD);
    let mut told: Vec<String> = matches.take(TOLD).collect();
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told
}

fn unknown_name<'a>(what: &'static str, asked: &str, known: impl Iterator<Item = &'a str>) -> QuestionError {
    let known: Vec<&str> = known.collect();
    match known.is_empty() {
        true => QuestionError::Nothing { what },
        false => QuestionError::Unknown {
            what,
            asked: asked.to_owned(),
            nearest: nearest_names(asked, known.into_iter()),
        },
    }
}

/// The names that are most like one, best first.
pub(super) fn nearest_names<'a>(asked: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let asked = asked.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .map(|name| (strsim::jaro_winkler(&name.to_lowercase(), &asked), name))
        .filter(|(score, _)| *score >= LIKENESS)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    let names = scored.into_iter().take(PROPOSED);
    names.map(|(_, name)| format!("`{name}`")).collect()
}
