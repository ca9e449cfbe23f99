//! A relation in a sentence, with the numbers of the test that decides it.

use std::collections::BTreeMap;

use super::reconcile::Evidence;
use crate::policy::AskedState;
use crate::report::compose::{
    MOST_NAMED, count_word, describe_effect, direction_clause, given_clause, headline_numbers, interval_in_units,
};
use crate::report::document::{Draft, Line, Piece, Span, line, text};
use crate::report::number::NumberFormat;
use crate::report::trace::Traced;
use crate::science::{TestRecord, kind};
use crate::study::RelationVerdict;

/// The means of the outcome along the exposure, from its lowest fifth to its highest, of a test of any curve.
fn course(evidence: &Evidence<'_>, test: &TestRecord) -> Option<String> {
    let curve = evidence.tests.iter().find(|test| test.kind == kind::CURVE)?;
    let mut means = Vec::new();
    for (at, group) in curve.groups.iter().flatten().enumerate() {
        let mean = Traced(curve).cite_below(group.value?, &format!("groups/{at}/value"));
        let mean = plain_text(&line().number(mean.format(NumberFormat::Measure)));
        means.push(format!("{mean} at {}", group.level));
    }
    (means.len() > 2).then(|| format!("`{}` is on average {}", test.y, means.join(", ")))
}

/// Levels of a moderator that are told one by one, at most.
const MOST_TOLD: usize = 4;

/// Says what the tests of a relation say together.
pub(super) fn describe_relation(evidence: &Evidence<'_>, verdict: RelationVerdict) -> String {
    let (x, y) = (evidence.x, evidence.y);
    if let Some(AskedState::Untestable(reason)) = evidence.part.map(|part| &part.state) {
        return format!(
            "`{x}` and `{y}` were not tested: {}.",
            reason.text.trim_end_matches('.')
        );
    }
    let Some(test) = evidence.leading_test(verdict) else {
        return format!("`{x}` and `{y}` were not tested before the run ended.");
    };
    let what = describe_test(evidence, test);
    let given = evidence
        .adjusted
        .as_ref()
        .map_or_else(String::new, |adjusted| name_fixed(&adjusted.given));
    let size = adjusted_size(evidence, test);
    let more = match verdict {
        RelationVerdict::Drift if test.is_finding() => {
            "; both columns drift in time, which alone can make such a relation".to_owned()
        }
        RelationVerdict::Drift => {
            "; both drift in time, which alone makes them go together, and beyond that nothing is left".to_owned()
        }
        RelationVerdict::Reversed => {
            let size = size.map(|size| format!(" ({size})"));
            let size = size.or_else(|| adjusted_clause(evidence, test));
            format!(
                "; with {given} held fixed it goes the other way{}",
                size.unwrap_or_default()
            )
        }
        RelationVerdict::Gone => format!(
            "; with {given} held fixed, nothing distinguishable is left of it{}",
            in_brackets(size)
        ),
        RelationVerdict::Appears => format!("; without {given} held fixed, it does not show"),
        RelationVerdict::Weaker => format!("; with {given} held fixed it is weaker{}", in_brackets(size)),
        RelationVerdict::Holds => match size {
            Some(size) => format!("; with {given} held fixed it is {size}"),
            None => String::new(),
        },
        RelationVerdict::Bent => match course(evidence, test) {
            Some(course) => format!("; it is not a straight line: {course}"),
            None => "; it is not a straight line".to_owned(),
        },
        RelationVerdict::Depends => return describe_moderation(evidence, test, &what),
        RelationVerdict::ByConstruction | RelationVerdict::Untestable | RelationVerdict::NotFound => String::new(),
    };
    let spread = evidence.spread_beside(test).filter(|_| evidence.part.is_some());
    let spread = spread.map(|spread| format!("; {}", plain_text(&direction_clause(spread))));
    format!("{what}{more}{}.", spread.unwrap_or_default())
}

/// The columns held fixed, as a sentence names them.
fn name_fixed(given: &[&str]) -> String {
    if given.len() > MOST_NAMED {
        return format!("{} other columns", count_word(given.len()));
    }
    let names: Vec<String> = given.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}

/// What a relation depends on, after what it is over all; before that, where over all nothing was found.
fn describe_moderation(evidence: &Evidence<'_>, test: &TestRecord, what: &str) -> String {
    let Some(moderation) = evidence.moderation() else {
        return format!("{what}.");
    };
    let by = moderation.by.as_ref().filter(|by| *by != evidence.x);
    let third = by.unwrap_or(&moderation.x);
    let cells = describe_cells(evidence, moderation).unwrap_or_default();
    if test.is_finding() {
        return format!("{what}; it depends on `{third}`{cells}.");
    }
    let traced = Traced(moderation);
    let numbers = text("p ").number(traced.p()).text(", n ").number(traced.n());
    let what = what
        .strip_prefix("No ")
        .map_or_else(|| what.to_owned(), |rest| format!("no {rest}"));
    format!(
        "How `{}` goes with `{}` depends on `{third}`{cells} ({}). Over all: {what}.",
        evidence.x,
        evidence.y,
        plain_text(&numbers)
    )
}

/// What the leading test shows: in units where they are known, else by its effect size.
fn describe_test(evidence: &Evidence<'_>, test: &TestRecord) -> String {
    let told = describe_effect(evidence.dossier, test).filter(|_| evidence.is_told_in_units(test));
    if let Some(told) = told {
        let traced = Traced(test);
        let numbers = told.details.text("; p ").number(traced.p());
        let numbers = plain_text(&numbers.text(", n ").number(traced.n()));
        return format!("{} ({numbers})", capitalise(&plain_text(&told.clause)));
    }
    let numbers = plain_text(&headline_numbers(test));
    match test.is_finding() {
        true => format!("{} ({numbers})", capitalise(&clause_of(test))),
        false => format!(
            "No relation of `{}` and `{}` was detected ({numbers})",
            evidence.x, evidence.y
        ),
    }
}

/// The test with other columns held fixed, where it is another than the leading one.
fn adjusted_beside<'d>(evidence: &Evidence<'d>, test: &TestRecord) -> Option<&'d TestRecord> {
    let adjusted = evidence.adjusted.as_ref()?.test;
    adjusted.filter(|adjusted| adjusted.id != test.id)
}

/// The adjusted estimate where it is of the same thing as that of the leading test, which its sign goes by: negative where
/// the adjusted one goes the other way.
fn adjusted_size(evidence: &Evidence<'_>, test: &TestRecord) -> Option<String> {
    let adjusted = adjusted_beside(evidence, test)?;
    let crude = evidence.dossier.units.get(&test.id)?.effect.as_ref()?;
    let falls = crude.value? < 0.0 && !crude.is_ratio();
    let turned = evidence.is_turned(test, adjusted)? != falls;
    describe_effect(evidence.dossier, test)?;
    Some(plain_text(&interval_in_units(evidence.dossier, adjusted, turned)?))
}

/// What the adjusted estimate says by itself, where it is of another measure than the leading test's.
fn adjusted_clause(evidence: &Evidence<'_>, test: &TestRecord) -> Option<String> {
    let adjusted = adjusted_beside(evidence, test)?;
    let told = describe_effect(evidence.dossier, adjusted)?;
    Some(format!(
        ": {} ({})",
        plain_text(&told.clause),
        plain_text(&told.details)
    ))
}

/// The means of a designed experiment in the cells of two factors, of which one has two levels: `: algae 12.1 and grain
/// 11.4 at 12, …`.
fn describe_cells(evidence: &Evidence<'_>, test: &TestRecord) -> Option<String> {
    let dataset = evidence
        .dossier
        .datasets
        .iter()
        .find(|known| known.name == test.dataset)?;
    let profile = dataset.profile.as_ref()?;
    let by = test.by.as_deref()?;
    let levels_of = |name: &str| -> Option<Vec<&str>> {
        let levels = profile.column_named(name)?.levels.as_ref()?;
        (levels.len() == 2).then(|| levels.iter().map(|level| level.level.as_str()).collect())
    };
    // A cell is named by its level of x and then that of the other factor.
    let (pair, is_first) = match levels_of(&test.x) {
        Some(pair) => (pair, true),
        None => (levels_of(by)?, false),
    };
    let mut cells: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::new();
    for (at, group) in test.groups.iter().flatten().enumerate() {
        let inside = |level: &&&str| match is_first {
            true => group.level.strip_prefix(&format!("{level}, ")),
            false => group.level.strip_suffix(&format!(", {level}")),
        };
        let (level, other) = pair.iter().find_map(|level| Some((*level, inside(&level)?)))?;
        let mean = Traced(test).cite_below(group.value?, &format!("groups/{at}/value"));
        let mean = plain_text(&line().number(mean.format(NumberFormat::Measure)));
        cells.entry(other).or_default().push((level, mean));
    }
    if !(2..=MOST_TOLD).contains(&cells.len()) || cells.values().any(|means| means.len() != 2) {
        return None;
    }
    let mut told: Vec<(&str, String)> = Vec::new();
    for (other, mut means) in cells {
        means.sort();
        let means: Vec<String> = means.iter().map(|(level, mean)| format!("{level} {mean}")).collect();
        told.push((other, format!("{} at {other}", means.join(" and "))));
    }
    // Numbers in their own order.
    let number = |level: &str| level.parse::<f64>().unwrap_or(f64::NAN);
    told.sort_by(|a, b| number(a.0).total_cmp(&number(b.0)));
    let told: Vec<String> = told.into_iter().map(|(_, cell)| cell).collect();
    Some(format!(": {}", told.join(", ")))
}

fn in_brackets(size: Option<String>) -> String {
    size.map(|size| format!(" ({size})")).unwrap_or_default()
}

fn clause_of(test: &TestRecord) -> String {
    match test.direction {
        _ if test.kind == kind::CURVE => plain_text(&direction_clause(test)),
        Some(_) => plain_text(&direction_clause(test).then(given_clause(test))),
        None => format!(
            "`{}` and `{}` go together{}",
            test.x,
            test.y,
            plain_text(&given_clause(test))
        ),
    }
}

fn capitalise(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if first.is_lowercase() => first.to_uppercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

/// A line of the report as text without marks.
fn plain_text(line: &Line<Draft>) -> String {
    let spans = line.0.iter().map(|span| match span {
        Span::Text(text) => (*text).to_owned(),
        Span::Name(name) | Span::Badge(_, name) => name.shown(),
        Span::Code(pieces) => {
            let pieces = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => (*text).to_owned(),
                Piece::Name(name) => name.shown(),
            });
            format!("`{}`", pieces.collect::<String>())
        }
        Span::Number(cited) => cited.format.format_number(cited.number),
        Span::Strong(inner) | Span::Link(_, inner) => plain_text(inner),
    });
    spans.collect()
}
