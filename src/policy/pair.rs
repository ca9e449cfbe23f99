//! Two columns as a claim: which test it is, which column explains which, what else may be asked of them. Whoever
//! proposes follows these, so that the same claim is the same hypothesis.

use std::collections::BTreeMap;

use super::heuristic::Interest;
use crate::science::{Column, Hypothesis, Profile, Role, Scores, kind};

/// Kinds that speak of two columns alone.
pub(super) const SIMPLE: [&str; 4] = [
    kind::NUMERIC_NUMERIC,
    kind::GROUP_NUMERIC,
    kind::NUMERIC_BINARY,
    kind::CATEGORICAL_CATEGORICAL,
];

/// Columns held fixed at once, at most.
pub(super) const MOST_COVARIATES: usize = 12;

/// Columns held fixed at once, at most, where results choose them.
pub(super) const MOST_CONFOUNDERS: usize = 4;

/// The kind of test for a pair, and which column explains which: as the question has it, else in the order given,
/// which is the table's.
pub(super) fn kind<'a>(
    a: &'a Column,
    b: &'a Column,
    interest: &Interest,
) -> Option<(&'static str, &'a Column, &'a Column)> {
    let turned = if interest.is_outcome(&a.name) == interest.is_outcome(&b.name) {
        interest.is_exposure(&b.name) && !interest.is_exposure(&a.name)
    } else {
        interest.is_outcome(&a.name)
    };
    let (x, y) = if turned { (b, a) } else { (a, b) };
    let grouped = |column: &Column| matches!(column.role, Role::Binary | Role::Categorical);
    match (x.role, y.role) {
        (Role::Numeric, Role::Numeric) => Some((kind::NUMERIC_NUMERIC, x, y)),
        (Role::Numeric, Role::Binary) if interest.is_outcome(&y.name) => Some((kind::NUMERIC_BINARY, x, y)),
        (Role::Numeric, _) if grouped(y) => Some((kind::GROUP_NUMERIC, y, x)),
        (_, Role::Numeric) if grouped(x) => Some((kind::GROUP_NUMERIC, x, y)),
        _ if grouped(x) && grouped(y) => Some((kind::CATEGORICAL_CATEGORICAL, x, y)),
        _ => None,
    }
}

/// The kind of test for a count with another column, which column explains which, and what the count is out of; none
/// where neither is such a count, where both are, or where the question has the count for an explanation.
pub(super) fn count_kind<'a>(
    profile: &'a Profile,
    a: &'a Column,
    b: &'a Column,
    interest: &Interest,
) -> Option<(&'static str, &'a Column, &'a Column, &'a str)> {
    let (x, y, counts) = match (profile.find_count(&a.name), profile.find_count(&b.name)) {
        (Some(counts), None) => (b, a, counts),
        (None, Some(counts)) => (a, b, counts),
        _ => return None,
    };
    let explains = matches!(x.role, Role::Numeric | Role::Binary | Role::Categorical);
    if !explains || x.name == counts.of || interest.is_exposure(&y.name) || interest.is_outcome(&x.name) {
        return None;
    }
    let kind = if counts.trials { kind::PROPORTION } else { kind::COUNTS };
    Some((kind, x, y, counts.of.as_str()))
}

/// The meaning of a pair's directions in words, where one of its columns is time; empty where the kind says it.
pub(super) fn time_directions(kind: &str, x: &Column, y: &Column) -> BTreeMap<String, String> {
    if kind != kind::NUMERIC_NUMERIC {
        return BTreeMap::new();
    }
    let (time, other, higher, lower) = match (x.is_moment(), y.is_moment()) {
        (true, true) => (x, y, "later", "earlier"),
        (true, false) => (x, y, "higher", "lower"),
        (false, true) => (y, x, "higher", "lower"),
        (false, false) => return BTreeMap::new(),
    };
    let words = |way| format!("later `{}` goes with {way} `{}`", time.name, other.name);
    [("+".to_owned(), words(higher)), ("-".to_owned(), words(lower))].into()
}

/// Whether a model can have the column as its outcome.
pub(super) fn is_outcome(column: &Column) -> bool {
    matches!(column.role, Role::Numeric | Role::Binary)
}

/// Whether the column's levels are few enough to look inside of each.
pub(super) fn makes_strata(column: &Column) -> bool {
    column
        .levels
        .as_ref()
        .is_some_and(|levels| (2..=8).contains(&levels.len()))
}

/// Whether amounts of the column can be put in steps.
pub(super) fn is_graded(column: &Column) -> bool {
    column.role == Role::Numeric && column.distinct > 4
}

/// A moderator and what it moderates are one claim, whichever is named first.
pub(super) fn order_moderator(idea: &mut Hypothesis) {
    if let Some(by) = &mut idea.by
        && *by < idea.x
    {
        std::mem::swap(by, &mut idea.x);
    }
}

/// Why a pair comes before others, by the question and the columns' types alone.
pub(super) fn scores(interest: &Interest, profile: &Profile, x: &Column, y: &Column) -> Scores {
    Scores {
        relevance: interest.relevance(&x.name, &y.name),
        information: (balance(x) * balance(y)).sqrt(),
        novelty: 1.0,
        testability: share_present(profile.rows, x).min(share_present(profile.rows, y)),
    }
}

/// Pairs that the question is about weigh more in the error control; the judge scales the weights to a
/// mean of 1, so what one gains the others lose.
pub(super) fn weight(relevance: f64) -> f64 {
    if relevance >= 0.8 {
        3.0
    } else if relevance >= 0.6 {
        1.5
    } else {
        1.0
    }
}

/// How even the levels of a column are, 1 for an even split and for numbers.
fn balance(column: &Column) -> f64 {
    let Some(levels) = column.levels.as_ref().filter(|levels| levels.len() > 1) else {
        return 1.0;
    };
    let total: f64 = levels.iter().map(|level| level.n as f64).sum();
    let entropy: f64 = levels
        .iter()
        .map(|level| level.n as f64 / total)
        .filter(|share| *share > 0.0)
        .map(|share| -share * share.ln())
        .sum();
    entropy / (levels.len() as f64).ln()
}

fn share_present(rows: u64, column: &Column) -> f64 {
    if rows == 0 {
        0.0
    } else {
        1.0 - column.missing as f64 / rows as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, value_type: &str) -> Column {
        let role = if value_type == "binary" { "binary" } else { "numeric" };
        serde_json::from_value(serde_json::json!({
            "name": name, "role": role, "usable": true, "missing": 0, "distinct": 60, "type": value_type,
        }))
        .unwrap()
    }

    #[test]
    fn a_trend_is_told_over_time() {
        let (sold, paid, price) = (
            column("sold", "date"),
            column("paid", "datetime"),
            column("price", "number"),
        );
        for (x, y) in [(&sold, &price), (&price, &sold)] {
            let words = time_directions(kind::NUMERIC_NUMERIC, x, y);
            assert_eq!(words["+"], "later `sold` goes with higher `price`");
            assert_eq!(words["-"], "later `sold` goes with lower `price`");
        }
        let words = time_directions(kind::NUMERIC_NUMERIC, &sold, &paid);
        assert_eq!(words["-"], "later `sold` goes with earlier `paid`");
        assert!(time_directions(kind::NUMERIC_NUMERIC, &price, &column("size", "count")).is_empty());
        assert!(time_directions(kind::GROUP_NUMERIC, &column("arm", "binary"), &sold).is_empty());
    }
}
