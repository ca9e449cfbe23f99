//! What a question asks to have described: the share, mean or rate of a column, over all rows or in groups. A
//! description tests nothing, so it is in no family of the error control and has no copy in the shuffled run.

use std::collections::{BTreeMap, HashSet};

use super::Interest;
use crate::message::ProposeHypotheses;
use crate::policy::{pair, statement::statement};
use crate::science::{Arm, Column, Hypothesis, HypothesisId, Part, Profile, Role, Tier, kind};
use crate::study::inquiry::AskedFigure;

/// Distinct values of a number that can make groups, at most.
const MOST_VALUES: u64 = 60;

/// A description that a question asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AskedDescription {
    /// The column.
    pub(crate) column: String,
    /// The column of groups, or the one whose levels say which rows are meant.
    pub(crate) by: Option<String>,
}

/// The descriptions that are asked for of a table, in the order of the question.
pub(crate) fn asked_descriptions(interest: &Interest, profile: &Profile) -> Vec<AskedDescription> {
    let inquiry = &interest.inquiry;
    if !inquiry.asks_description() {
        return Vec::new();
    }
    let groups: Vec<&String> = inquiry
        .groups()
        .filter(|name| profile.column_named(name).is_some())
        .collect();
    let subset = inquiry.subset.as_ref().map(|subset| &subset.column);
    let mut asked = Vec::new();
    for column in inquiry
        .outcomes
        .iter()
        .filter(|name| profile.column_named(name).is_some())
    {
        let by: Vec<&String> = groups.iter().copied().filter(|by| *by != column).collect();
        let by = match by.is_empty() {
            true => vec![subset.filter(|name| *name != column)],
            false => by.into_iter().map(Some).collect(),
        };
        asked.extend(by.into_iter().map(|by| AskedDescription {
            column: column.clone(),
            by: by.cloned(),
        }));
    }
    asked
}

/// Why a column cannot be described; none where it can.
pub(crate) fn find_fault(profile: &Profile, asked: &AskedDescription) -> Option<String> {
    let told = |column: &Column| match column.role {
        Role::Numeric | Role::Binary | Role::Categorical => None,
        Role::Empty => Some(format!("the column '{}' has no values", column.name)),
        Role::Constant => Some(format!("the column '{}' has one value only", column.name)),
        Role::Text | Role::Identifier | Role::Datetime => Some(format!(
            "the column '{}' holds {}, of which no share or mean is made",
            column.name,
            if column.role == Role::Identifier {
                "names of rows"
            } else {
                "text or dates"
            }
        )),
    };
    let column = profile.column_named(&asked.column)?;
    let group = asked.by.as_ref().and_then(|name| profile.column_named(name));
    told(column).or_else(|| {
        let group = group?;
        let many = group.role == Role::Numeric && group.distinct > MOST_VALUES;
        many.then(|| {
            format!(
                "'{}' has {} different values, and a number with more than {MOST_VALUES} makes no groups",
                group.name, group.distinct
            )
        })
    })
}

/// The descriptions that the question asks for, as hypotheses that claim nothing.
pub(super) fn propose(request: &ProposeHypotheses, tested: &HashSet<&HypothesisId>) -> Vec<Hypothesis> {
    if request.arm == Arm::Shuffled {
        return Vec::new();
    }
    let mut proposed = Vec::new();
    for (name, profile) in &request.profiles {
        let interest = Interest::read(&request.plan, profile);
        for asked in asked_descriptions(&interest, profile) {
            let Some(column) = profile.column_named(&asked.column) else {
                continue;
            };
            if find_fault(profile, &asked).is_some() {
                continue;
            }
            let mut hypothesis = Hypothesis {
                id: HypothesisId::unnamed(),
                dataset: name.clone(),
                arm: request.arm,
                kind: kind::DESCRIBE.to_owned(),
                x: column.name.clone(),
                y: column.name.clone(),
                covariates: denominator(&interest, profile, column, asked.by.as_deref())
                    .into_iter()
                    .collect(),
                by: asked.by,
                event: None,
                part: Part::Whole,
                statement: String::new(),
                predicted: None,
                parent: None,
                rationale: "the question asks for it".to_owned(),
                scores: pair::scores(&interest, profile, column, column),
                tier: Tier::Primary,
                weight: 1.0,
                proposed_by: None,
                analysis: None,
                directions: BTreeMap::new(),
            };
            hypothesis.statement = statement(&hypothesis);
            let hypothesis = hypothesis.with_id();
            if !tested.contains(&hypothesis.id) && !proposed.contains(&hypothesis) {
                proposed.push(hypothesis);
            }
        }
    }
    proposed
}

/// The column that a count is out of, or in proportion to; none where the mean or the median of the counts is asked
/// for.
fn denominator(interest: &Interest, profile: &Profile, column: &Column, by: Option<&str>) -> Option<String> {
    let of_rows = [Some(AskedFigure::Mean), Some(AskedFigure::Median)].contains(&interest.inquiry.figure);
    if of_rows {
        return None;
    }
    let counts = profile.find_count(&column.name)?;
    (Some(counts.of.as_str()) != by).then(|| counts.of.clone())
}
