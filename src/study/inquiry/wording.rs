//! How a question was read, in a sentence.

use super::{
    InquiryKind,
    bounds::Bound,
    naming::{Ambiguity, Naming},
    roles::Reading,
    subset::{Condition, Test},
};
use crate::study::ColumnMeaning;

/// Names that a list shows.
const MOST_NAMES: usize = 8;

/// Letters of a name or a level that are shown.
const MOST_LETTERS: usize = 60;

/// Ambiguous words that are shown.
const MOST_AMBIGUOUS: usize = 4;

/// Says how a question was read; `left_out` words were not.
pub(super) fn describe_reading(
    reading: &Reading,
    columns: &[ColumnMeaning],
    naming: &Naming,
    left_out: usize,
) -> String {
    let mut text = describe_roles(reading, columns);
    if !reading.conditions.is_empty() {
        let conditions: Vec<String> = reading
            .conditions
            .iter()
            .filter_map(|condition| describe_condition(condition, columns))
            .collect();
        text.push_str(&format!(", among rows where {}", join(&conditions, "and")));
    }
    if !reading.given.is_empty() && !describes_groups(reading) {
        text.push_str(&format!(", with {} held fixed", list(&reading.given, columns, "and")));
    }
    for Ambiguity { words, columns: places } in naming.ambiguous.iter().take(MOST_AMBIGUOUS) {
        text.push_str(&format!(
            "; `{}` may be {}",
            shorten(words),
            list(places, columns, "or")
        ));
    }
    if left_out > 0 {
        text.push_str(&format!("; {left_out} more words were not read"));
    }
    text
}

/// Whether figures are asked for in groups, which the columns that stand in `each` make too.
fn describes_groups(reading: &Reading) -> bool {
    let alone = reading.kinds == [InquiryKind::Description] && !reading.outcomes.is_empty();
    alone && !(reading.exposures.is_empty() && reading.given.is_empty())
}

fn describe_roles(reading: &Reading, columns: &[ColumnMeaning]) -> String {
    let has = |kind| reading.kinds.contains(&kind);
    let (outcomes, exposures) = (&reading.outcomes, &reading.exposures);
    if outcomes.is_empty() && exposures.is_empty() {
        return "any columns, because the question names none".to_owned();
    }
    if reading.symmetric {
        let both = list(outcomes, columns, "and");
        return match () {
            () if has(InquiryKind::Agreement) => format!("how well {both} agree"),
            () if has(InquiryKind::Difference) => format!("how {both} differ"),
            () => format!("how {both} go together"),
        };
    }
    if describes_groups(reading) {
        let groups: Vec<usize> = exposures.iter().chain(&reading.given).copied().collect();
        let (described, groups) = (list(outcomes, columns, "and"), list(&groups, columns, "and"));
        return format!("a description of {described} by {groups}");
    }
    if exposures.is_empty() && has(InquiryKind::Description) {
        return format!("a description of {}", list(outcomes, columns, "and"));
    }
    if exposures.is_empty() && has(InquiryKind::Change) {
        return format!("the change of {} over time", list(outcomes, columns, "and"));
    }
    let outcome = match outcomes.len() {
        0 => "any outcome".to_owned(),
        1 => format!("the outcome {}", list(outcomes, columns, "and")),
        _ => format!("the outcomes {}", list(outcomes, columns, "and")),
    };
    let third = (has(InquiryKind::Moderation) || has(InquiryKind::Mediation)) && exposures.len() > 1;
    match exposures.split_last() {
        None => format!("{outcome}, explained by any other column"),
        Some((last, rest)) if third => {
            let first = list(rest, columns, "and");
            let last = list(&[*last], columns, "and");
            if has(InquiryKind::Mediation) {
                format!("{outcome}, explained by {first} through {last}")
            } else {
                format!("{outcome}, explained by {first}, and whether that depends on {last}")
            }
        }
        Some(_) => format!("{outcome}, explained by {}", list(exposures, columns, "and")),
    }
}

fn describe_condition(condition: &Condition, columns: &[ColumnMeaning]) -> Option<String> {
    let column = columns.get(condition.column)?;
    let name = list(&[condition.column], columns, "and");
    Some(match &condition.test {
        Test::Levels(levels) => {
            let levels: Vec<String> = levels
                .iter()
                .filter_map(|level| column.levels.get(*level))
                .map(|level| match &level.label {
                    Some(label) if *label != level.code => format!("{} ({})", shorten(&level.code), shorten(label)),
                    _ => shorten(&level.code),
                })
                .collect();
            format!("{name} is {}", join(&levels, "or"))
        }
        Test::Bounded(bound, number) => {
            let words = match bound {
                Bound::Above => "above",
                Bound::AtLeast => "at least",
                Bound::Below => "below",
                Bound::AtMost => "at most",
                Bound::Equal => "exactly",
            };
            format!("{name} is {words} {number}")
        }
        Test::Between(least, most) => format!("{name} is from {least} to {most}"),
    })
}

fn list(places: &[usize], columns: &[ColumnMeaning], last: &str) -> String {
    let mut names: Vec<String> = places
        .iter()
        .take(MOST_NAMES)
        .filter_map(|place| columns.get(*place))
        .map(|column| format!("`{}`", shorten(&column.name)))
        .collect();
    if places.len() > MOST_NAMES {
        names.push(format!("{} more", places.len() - MOST_NAMES));
    }
    join(&names, last)
}

fn join(parts: &[String], last: &str) -> String {
    match parts.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}

/// Cuts a long text, and takes out what could end its quotation or steer a terminal.
fn shorten(text: &str) -> String {
    let clean = text.chars().map(|letter| match letter {
        '`' => '\'',
        letter if letter.is_control() => ' ',
        letter => letter,
    });
    let mut short: String = clean.clone().take(MOST_LETTERS).collect();
    if clean.count() > MOST_LETTERS {
        short.push('…');
    }
    short
}
