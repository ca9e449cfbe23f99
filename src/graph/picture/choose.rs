//! Which variables and lines the picture has.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use crate::graph::{EdgeKind, Facts, Label, Node};

/// Variables that can be told apart at its width.
const VARIABLES: usize = 40;
/// Lines that can be told apart.
const LINES: usize = 120;
/// Grey lines above which they would hide the others.
const GREY: usize = 60;

/// The direction that a line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    Plus,
    Minus,
    /// The level with more of it is named.
    Level,
    Unsaid,
}

/// The findings about two variables.
#[derive(Debug)]
pub struct PictureLine {
    /// Indices of names, the smaller first.
    pub ends: (usize, usize),
    pub sign: Sign,
    pub replicated: bool,
    /// Findings that say so.
    pub findings: usize,
    /// Of [`Sign::Level`].
    pub levels: BTreeSet<String>,
}

/// The content of a picture.
#[derive(Debug, Default)]
pub struct PictureContents {
    /// Of the variables.
    pub names: Vec<String>,
    pub lines: Vec<PictureLine>,
    /// Pairs that were tested and not found.
    pub grey: Vec<(usize, usize)>,
    /// Whether there are more variables.
    pub variables_left_out: bool,
    /// Whether there are more lines.
    pub lines_left_out: bool,
    /// Whether there are such pairs, too many to draw.
    pub grey_left_out: bool,
}

type Pair<'f> = (&'f str, &'f str);

pub fn choose_contents(facts: &Facts) -> PictureContents {
    let speakers = Speakers::of(facts);
    let findings = speakers.of_label(Label::Finding);
    let pairs: Vec<(&Node, Pair<'_>)> = findings
        .iter()
        .filter_map(|&finding| Some((finding, speakers.concept_pair(finding)?)))
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, (a, b)) in &pairs {
        for end in [a, b] {
            *counts.entry(end).or_default() += 1;
        }
    }
    let mut ids: Vec<&str> = counts.keys().copied().collect();
    ids.sort_by_key(|&id| {
        (
            std::cmp::Reverse(counts.get(id).copied()),
            speakers.concept_name(id),
            id,
        )
    });
    let variables_left_out = ids.len() > VARIABLES;
    ids.truncate(VARIABLES);
    let at: HashMap<&str, usize> = ids.iter().enumerate().map(|(at, &id)| (id, at)).collect();
    let indices = |(a, b): Pair<'_>| {
        let (a, b) = (*at.get(a)?, *at.get(b)?);
        Some((a.min(b), a.max(b)))
    };
    let mut lines: BTreeMap<((usize, usize), Sign), PictureLine> = BTreeMap::new();
    for (finding, pair) in pairs {
        let Some(ends) = indices(pair) else { continue };
        let (sign, level) = sign_of_direction(&finding.properties);
        let line = lines.entry((ends, sign)).or_insert_with(|| PictureLine {
            ends,
            sign,
            replicated: false,
            findings: 0,
            levels: BTreeSet::new(),
        });
        line.replicated |= finding.properties.get("replicated") == Some(&Value::Bool(true));
        line.findings += 1;
        line.levels.extend(level.map(str::to_owned));
    }
    let joined: HashSet<(usize, usize)> = lines.keys().map(|(ends, _)| *ends).collect();
    let mut lines: Vec<PictureLine> = lines.into_values().collect();
    let lines_left_out = lines.len() > LINES;
    lines.sort_by_key(|line| std::cmp::Reverse((line.replicated, line.findings)));
    lines.truncate(LINES);
    lines.sort_by_key(|line| (line.ends, line.sign));
    let refuted = facts.edges.iter().filter(|edge| edge.kind == EdgeKind::Refutes);
    let refuted: BTreeSet<&str> = refuted.map(|edge| edge.to.as_str()).collect();
    let grey: BTreeSet<(usize, usize)> = speakers
        .of_label(Label::Hypothesis)
        .into_iter()
        .filter(|hypothesis| refuted.contains(hypothesis.id.as_str()))
        .filter_map(|hypothesis| indices(speakers.concept_pair(hypothesis)?))
        .filter(|ends| !joined.contains(ends))
        .collect();
    let grey_left_out = grey.len() > GREY;
    PictureContents {
        names: ids.iter().map(|id| speakers.concept_name(id).to_owned()).collect(),
        lines,
        grey: if grey_left_out {
            Vec::new()
        } else {
            grey.into_iter().collect()
        },
        variables_left_out,
        lines_left_out,
        grey_left_out,
    }
}

fn sign_of_direction(properties: &Map<String, Value>) -> (Sign, Option<&str>) {
    match properties.get("direction").and_then(Value::as_str) {
        Some("+") => (Sign::Plus, None),
        Some("-") => (Sign::Minus, None),
        Some(level) if !level.is_empty() => (Sign::Level, Some(level)),
        _ => (Sign::Unsaid, None),
    }
}

/// Findings and hypotheses, and the concepts that they mention.
struct Speakers<'f> {
    nodes: BTreeMap<&'f str, &'f Node>,
    /// Role and concept.
    mentions: HashMap<&'f str, BTreeSet<(Option<&'f str>, &'f str)>>,
}

impl<'f> Speakers<'f> {
    fn of(facts: &'f Facts) -> Self {
        let mut mentions: HashMap<_, BTreeSet<_>> = HashMap::new();
        for edge in &facts.edges {
            if edge.kind == EdgeKind::Mentions && Label::of_node_id(&edge.to).ok() == Some(Label::Concept) {
                let role = edge.properties.get("role").and_then(Value::as_str);
                mentions
                    .entry(edge.from.as_str())
                    .or_default()
                    .insert((role, edge.to.as_str()));
            }
        }
        Self {
            nodes: facts.nodes.iter().map(|node| (node.id.as_str(), node)).collect(),
            mentions,
        }
    }

    fn of_label(&self, label: Label) -> Vec<&'f Node> {
        self.nodes
            .values()
            .copied()
            .filter(|node| node.label == label)
            .collect()
    }

    /// A concept's name, or what its id says where it has none.
    fn concept_name(&self, id: &'f str) -> &'f str {
        let named = self
            .nodes
            .get(id)
            .and_then(|node| node.properties.get("name")?.as_str());
        named.unwrap_or_else(|| id.split_once(':').map_or(id, |(_, content)| content))
    }

    /// The two concepts that it is about: by their roles, or else by the names that it gives, or else the only two.
    fn concept_pair(&self, speaker: &'f Node) -> Option<Pair<'f>> {
        let mentions = self.mentions.get(speaker.id.as_str())?;
        let of_role = |role: &str| mentions.iter().find(|(found, _)| *found == Some(role));
        let of_name = |role: &str| {
            let name = speaker.properties.get(role)?.as_str()?;
            mentions.iter().find(|(_, concept)| self.concept_name(concept) == name)
        };
        let of = |role| of_role(role).or_else(|| of_name(role)).map(|(_, concept)| *concept);
        let found = match (of("x"), of("y")) {
            (Some(x), Some(y)) => Some((x, y)),
            _ => {
                let concepts: BTreeSet<&str> = mentions.iter().map(|(_, concept)| *concept).collect();
                let mut concepts = concepts.into_iter();
                let pair = (concepts.next()?, concepts.next()?);
                concepts.next().is_none().then_some(pair)
            }
        };
        found.filter(|(x, y)| x != y)
    }
}
