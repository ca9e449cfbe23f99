//! A relation in a sentence, with the numbers of the test that decides it.

use std::collections::BTreeMap;

use super::reconcile::Evidence;
use crate::policy::AskedState;
use crate::report::compose::{
    MOST_NAMED, caveat_explained, count_word, describe_effect, direction_clause, given_clause, headline_numbers,
    interval_in_units,
};
use crate::report::document::{Draft, Line, Span, line, text};
use crate::report::number::NumberFormat;
use crate::report::trace::Traced;
use crate::science::{Caveat, IdentityKind, TestRecord, kind};
use crate::study::RelationVerdict;

/// Levels of a moderator that are told one by one, at most.
const MOST_TOLD: usize = 4;

/// Says what the tests of a relation say together.
pub(super) fn describe_relation(evidence: &Evidence<'_>, verdict: RelationVerdict) -> Line<Draft> {
    let both = || line().code(evidence.x).text(" and ").code(evidence.y);
    if let Some(AskedState::Untestable(reason)) = evidence.part.map(|part| &part.state) {
        let why = reason.text.trim_end_matches('.');
        return both().text(" were not tested: ").name(why).text(".");
    }
    let Some(test) = evidence.leading_test(verdict) else {
        return both().text(" were not tested before the run ended.");
    };
    let what = describe_test(evidence, test);
    let size = adjusted_size(evidence, test);
    let more = match verdict {
        RelationVerdict::Drift if test.is_finding() => {
            text("; both columns drift in time, which alone can make such a relation")
        }
        RelationVerdict::Drift => {
            text("; both drift in time, which alone makes them go together, and beyond that nothing is left")
        }
        RelationVerdict::Reversed => {
            let size = match size {
                Some(size) => text(" (").then(size).text(")"),
                None => adjusted_clause(evidence, test).unwrap_or_else(line),
            };
            with_fixed(evidence).text(" it goes the other way").then(size)
        }
        RelationVerdict::Gone => with_fixed(evidence)
            .text(", nothing distinguishable is left of it")
            .then(in_brackets(size)),
        RelationVerdict::Appears => text("; without ")
            .then(name_fixed(evidence))
            .text(" held fixed, it does not show"),
        RelationVerdict::Weaker => with_fixed(evidence).text(" it is weaker").then(in_brackets(size)),
        RelationVerdict::Holds => match size {
            Some(size) => with_fixed(evidence).text(" it is ").then(size),
            None => line(),
        },
        RelationVerdict::Bent => match course(evidence, test) {
            Some(course) => text("; it is not a straight line: ").then(course),
            None => text("; it is not a straight line"),
        },
        RelationVerdict::Depends => return describe_moderation(evidence, test, what),
        RelationVerdict::ByConstruction | RelationVerdict::Untestable | RelationVerdict::NotFound => line(),
    };
    let spread = evidence.spread_beside(test).filter(|_| evidence.part.is_some());
    let spread = spread.map_or_else(line, |spread| text("; ").then(direction_clause(spread)));
    let doubts = selection_clause(test).then(late_start_clause(evidence, test));
    capitalise(what.then(more).then(spread).then(doubts).text("."))
}

/// That an exposure may begin during the follow-up: a time no longer than it is known for some of its levels alone. Who
/// has such an exposure has stayed until it began (immortal time; Suissa 2008, Am. J. Epidemiology 167).
fn late_start_clause(evidence: &Evidence<'_>, test: &TestRecord) -> Line<Draft> {
    let mut datasets = evidence.dossier.datasets.iter();
    let dataset = datasets.find(|known| known.name == test.dataset);
    let Some(profile) = dataset.and_then(|dataset| dataset.profile.as_ref()) else {
        return line();
    };
    let end = profile.column_named(&test.y).and_then(|column| column.max);
    let (true, Some(end)) = (test.kind == kind::SURVIVAL && test.is_finding(), end) else {
        return line();
    };
    let is_start = |name: &String| {
        let column = profile.column_named(name);
        let range = column.and_then(|column| column.min.zip(column.max));
        *name != test.x && range.is_some_and(|(first, last)| first >= 0.0 && last <= end)
    };
    let of_exposure = profile
        .identities
        .iter()
        .filter(|identity| identity.kind == IdentityKind::MissingByValue && identity.columns.contains(&test.x));
    match of_exposure.flat_map(|identity| &identity.columns).find(|name| is_start(name)) {
        Some(start) => text("; but ")
            .code(start)
            .text(" is known for some levels of ")
            .code(&test.x)
            .text(
                " alone: if these begin during the follow-up, only who stays long enough can have them, which by itself \
                 makes such a relation",
            ),
        None => line(),
    }
}

/// What selection or missing values may have to do with a finding.
fn selection_clause(test: &TestRecord) -> Line<Draft> {
    let of_selection = |caveat: &&Caveat| matches!(caveat, Caveat::EmptyCorner | Caveat::MissingByOther);
    let caveats = test.caveats.iter().filter(of_selection).filter(|_| test.is_finding());
    caveats.fold(line(), |told, caveat| {
        let note = test.caveat_notes.get(caveat).map(String::as_str);
        told.text("; ").then(caveat_explained(caveat, note))
    })
}

/// `; with a and b held fixed`.
fn with_fixed(evidence: &Evidence<'_>) -> Line<Draft> {
    text("; with ").then(name_fixed(evidence)).text(" held fixed")
}

/// The columns held fixed, as a sentence names them.
fn name_fixed(evidence: &Evidence<'_>) -> Line<Draft> {
    let given: &[&str] = evidence.adjusted.as_ref().map_or(&[], |adjusted| &adjusted.given);
    if given.len() > MOST_NAMED {
        return text(count_word(given.len())).text(" other columns");
    }
    let mut named = line();
    for (at, name) in given.iter().enumerate() {
        let before = match at {
            0 => "",
            _ if at + 1 == given.len() => " and ",
            _ => ", ",
        };
        named = named.text(before).code(name);
    }
    named
}

/// The means of the outcome along the exposure, from its lowest fifth to its highest, of a test of any curve.
fn course(evidence: &Evidence<'_>, test: &TestRecord) -> Option<Line<Draft>> {
    let curve = evidence.tests.iter().find(|test| test.kind == kind::CURVE)?;
    let groups: Vec<_> = curve.groups.iter().flatten().collect();
    if groups.len() < 3 {
        return None;
    }
    let mut told = line().code(&test.y).text(" is on average ");
    for (at, group) in groups.into_iter().enumerate() {
        let mean = Traced(curve).cite_below(group.value?, &format!("groups/{at}/value"));
        let before = if at == 0 { "" } else { ", " };
        told = told
            .text(before)
            .number(mean.format(NumberFormat::Measure))
            .text(" at ")
            .name(&group.level);
    }
    Some(told)
}

/// What a relation depends on, after what it is over all; before that, where over all nothing was found.
fn describe_moderation(evidence: &Evidence<'_>, test: &TestRecord, what: Line<Draft>) -> Line<Draft> {
    let Some(moderation) = evidence.moderation() else {
        return capitalise(what.text("."));
    };
    let by = moderation.by.as_ref().filter(|by| *by != evidence.x);
    let third = by.unwrap_or(&moderation.x);
    let cells = describe_cells(evidence, moderation).unwrap_or_else(line);
    if test.is_finding() {
        let what = what.text("; it depends on ").code(third).then(cells);
        return capitalise(what.text("."));
    }
    let traced = Traced(moderation);
    let depends = text("How ").code(evidence.x).text(" goes with ").code(evidence.y);
    let depends = depends.text(" depends on ").code(third).then(cells);
    let numbers = text(" (p ")
        .number(traced.p())
        .text(", n ")
        .number(traced.n())
        .text(")");
    depends.then(numbers).text(". Over all: ").then(what).text(".")
}

/// What the leading test shows: in units where they are known, else by its effect size.
fn describe_test(evidence: &Evidence<'_>, test: &TestRecord) -> Line<Draft> {
    let told = describe_effect(evidence.dossier, test).filter(|_| evidence.is_told_in_units(test));
    if let Some(told) = told {
        let traced = Traced(test);
        let numbers = told.details.text("; p ").number(traced.p());
        let numbers = numbers.text(", n ").number(traced.n());
        return told.clause.text(" (").then(numbers).text(")");
    }
    let what = match test.is_finding() {
        true => clause_of(test),
        false => {
            let both = line().code(evidence.x).text(" and ").code(evidence.y);
            text("no relation of ").then(both).text(" was detected")
        }
    };
    what.text(" (").then(headline_numbers(test)).text(")")
}

/// The test with other columns held fixed, where it is another than the leading one.
fn adjusted_beside<'d>(evidence: &Evidence<'d>, test: &TestRecord) -> Option<&'d TestRecord> {
    let adjusted = evidence.adjusted.as_ref()?.test;
    adjusted.filter(|adjusted| adjusted.id != test.id)
}

/// The adjusted estimate where it is of the same thing as that of the leading test, which its sign goes by: negative where
/// the adjusted one goes the other way.
fn adjusted_size(evidence: &Evidence<'_>, test: &TestRecord) -> Option<Line<Draft>> {
    let adjusted = adjusted_beside(evidence, test)?;
    let crude = evidence.dossier.units.get(&test.id)?.effect.as_ref()?;
    let falls = crude.value? < 0.0 && !crude.is_ratio();
    let turned = evidence.is_turned(test, adjusted)? != falls;
    describe_effect(evidence.dossier, test)?;
    interval_in_units(evidence.dossier, adjusted, turned)
}

/// What the adjusted estimate says by itself, where it is of another measure than the leading test's.
fn adjusted_clause(evidence: &Evidence<'_>, test: &TestRecord) -> Option<Line<Draft>> {
    let adjusted = adjusted_beside(evidence, test)?;
    let told = describe_effect(evidence.dossier, adjusted)?;
    Some(text(": ").then(told.clause).text(" (").then(told.details).text(")"))
}

/// The means of a designed experiment in the cells of two factors, of which one has two levels: `: algae 12.1 and grain
/// 11.4 at 12, …`.
fn describe_cells(evidence: &Evidence<'_>, test: &TestRecord) -> Option<Line<Draft>> {
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
    let mut cells: BTreeMap<&str, Vec<(&str, usize, f64)>> = BTreeMap::new();
    for (at, group) in test.groups.iter().flatten().enumerate() {
        let inside = |level: &&&str| match is_first {
            true => group.level.strip_prefix(&format!("{level}, ")),
            false => group.level.strip_suffix(&format!(", {level}")),
        };
        let (level, other) = pair.iter().find_map(|level| Some((*level, inside(&level)?)))?;
        cells.entry(other).or_default().push((level, at, group.value?));
    }
    if !(2..=MOST_TOLD).contains(&cells.len()) || cells.values().any(|means| means.len() != 2) {
        return None;
    }
    // Numbers in their own order.
    let number = |level: &str| level.parse::<f64>().unwrap_or(f64::NAN);
    let mut cells: Vec<_> = cells.into_iter().collect();
    cells.sort_by(|a, b| number(a.0).total_cmp(&number(b.0)));
    let mut told = line();
    for (place, (other, mut means)) in cells.into_iter().enumerate() {
        means.sort_by_key(|(level, ..)| *level);
        told = told.text(if place == 0 { ": " } else { ", " });
        for (second, (level, at, mean)) in means.into_iter().enumerate() {
            let mean = Traced(test).cite_below(mean, &format!("groups/{at}/value"));
            told = told.text(if second == 0 { "" } else { " and " }).name(level).text(" ");
            told = told.number(mean.format(NumberFormat::Measure));
        }
        told = told.text(" at ").name(other);
    }
    Some(told)
}

fn in_brackets(size: Option<Line<Draft>>) -> Line<Draft> {
    size.map_or_else(line, |size| text(" (").then(size).text(")"))
}

fn clause_of(test: &TestRecord) -> Line<Draft> {
    match test.direction {
        _ if test.kind == kind::CURVE => direction_clause(test),
        Some(_) => direction_clause(test).then(given_clause(test)),
        None => line()
            .code(&test.x)
            .text(" and ")
            .code(&test.y)
            .text(" go together")
            .then(given_clause(test)),
    }
}

/// The line with a capital where it begins with a word of ours.
pub(super) fn capitalise(mut told: Line<Draft>) -> Line<Draft> {
    const CAPITALS: [&str; 26] = [
        "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V",
        "W", "X", "Y", "Z",
    ];
    let Some(Span::Text(first)) = told.0.first() else {
        return told;
    };
    let Some(letter) = first.bytes().next().filter(u8::is_ascii_lowercase) else {
        return told;
    };
    let (capital, rest) = (CAPITALS.get(usize::from(letter - b'a')), first.get(1..));
    if let (Some(capital), Some(rest)) = (capital, rest) {
        told.0.splice(0..1, [Span::Text(capital), Span::Text(rest)]);
    }
    told
}
