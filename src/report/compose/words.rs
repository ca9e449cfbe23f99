//! Plain words for what the scripts say in fixed ones.

use super::super::document::{Draft, Line, Tone, line, text};
use super::super::trace::TracedEffect;
use crate::science::{Effect, TestRecord, kind};

/// `x` with `y`, and what is held fixed.
pub(crate) fn relation(test: &TestRecord) -> Line<Draft> {
    let mut out = line().code(&test.x).text(" and ").code(&test.y);
    for (at, covariate) in test.covariates.iter().enumerate() {
        out = out.text(if at == 0 { ", given " } else { ", " }).code(covariate);
    }
    match (&test.by, &*test.kind) {
        (Some(by), kind::INTERACTION) => out.text(", depending on ").code(by),
        (Some(by), _) => out.text(", within ").code(by),
        (None, _) => out,
    }
}

/// The direction in words.
pub(crate) fn direction(test: &TestRecord) -> Line<Draft> {
    worded(test, test.direction.as_deref())
}

/// A direction of the test's relation, in words.
pub(crate) fn worded(test: &TestRecord, direction: Option<&str>) -> Line<Draft> {
    let outcome = |line: Line<Draft>| match &test.y_level {
        Some(level) => line.code(&test.y).text(" = ").code(level),
        None => line.code(&test.y),
    };
    let rate = test.y_level.is_some();
    match (direction, &*test.kind) {
        (None, kind::INTERACTION) => match &test.by {
            Some(by) => text("the relation differs with ").code(by),
            None => text("the relation differs"),
        },
        (None, _) => text("no single direction"),
        (Some(way), kind::PAIRED) if way == test.x || way == test.y => text("larger in ").code(way),
        (Some("+"), kind::PAIRED) => line().code(&test.y).text(" is larger than ").code(&test.x),
        (Some("-"), kind::PAIRED) => line().code(&test.y).text(" is smaller than ").code(&test.x),
        (Some("+"), kind::SURVIVAL) => text("higher ").code(&test.x).text(", events sooner"),
        (Some("-"), kind::SURVIVAL) => text("higher ").code(&test.x).text(", events later"),
        (Some(level), kind::SURVIVAL) => text("events soonest where ").code(&test.x).text(" = ").code(level),
        (Some("+"), _) if rate => outcome(text("higher ").code(&test.x).text(", more often ")),
        (Some("-"), _) if rate => outcome(text("higher ").code(&test.x).text(", less often ")),
        (Some("+"), _) => outcome(text("higher ").code(&test.x).text(", higher ")),
        (Some("-"), _) => outcome(text("higher ").code(&test.x).text(", lower ")),
        (Some(level), _) if rate => outcome(line())
            .text(" most often where ")
            .code(&test.x)
            .text(" = ")
            .code(level),
        (Some(level), _) => outcome(line())
            .text(" largest where ")
            .code(&test.x)
            .text(" = ")
            .code(level),
    }
}

/// An effect's name as people write it; the script's own where we know no other.
pub(crate) fn effect_name(effect: &Effect) -> Line<Draft> {
    named(&effect.name)
}

/// The same by the script's word for it.
pub(crate) fn named(name: &str) -> Line<Draft> {
    text(match name {
        "r" | "pearson_r" => "correlation r",
        "rho" | "spearman_rho" => "rank correlation ρ",
        "tau" | "kendall_tau" => "rank correlation τ",
        "partial_r" => "partial correlation",
        "partial_v" => "partial canonical correlation",
        "hedges_g" => "Hedges’ g",
        "cohens_d" => "Cohen’s d",
        "cramers_v" => "Cramér’s V",
        "phi" => "φ",
        "omega_squared" => "ω squared",
        "epsilon_squared" => "ε squared",
        "eta_squared" => "η squared",
        "odds_ratio" => "odds ratio",
        "odds_ratio_per_sd" => "odds ratio per standard deviation",
        "hazard_ratio" => "hazard ratio",
        "hazard_ratio_per_sd" => "hazard ratio per standard deviation",
        "risk_difference" => "difference of rates",
        "mean_difference" => "difference of means",
        "auc" => "area under the curve",
        "rank_biserial" => "rank-biserial correlation",
        "r_squared_gain" => "gain in explained variance",
        other => return line().code(other),
    })
}

/// `r 0.87 [0.84 to 0.89]`.
pub(crate) fn effect(traced: &TracedEffect) -> Line<Draft> {
    match traced.value() {
        Some(value) => effect_name(traced.effect)
            .text(" ")
            .number(value)
            .then(interval(traced)),
        None => effect_name(traced.effect).text(" not computed"),
    }
}

/// The interval between brackets, with a space before it.
pub(crate) fn interval(traced: &TracedEffect) -> Line<Draft> {
    match traced.interval() {
        Some((low, high)) => text(" [").number(low).text(" to ").number(high).text("]"),
        None => line(),
    }
}

/// The colour of a wording.
pub(crate) fn tone(test: &TestRecord) -> Tone {
    match (test.significant, test.replicated) {
        (true, Some(true)) => Tone::Strong,
        (true, _) => Tone::Medium,
        (false, _) => Tone::Weak,
    }
}

/// Whether both parts of the rows show it.
pub(crate) fn replicated(test: &TestRecord) -> &'static str {
    match test.replicated {
        Some(true) => "yes",
        Some(false) => "no",
        None => "could not be checked",
    }
}

/// A caveat in short: its own words, without the underscores where we know them.
pub(crate) fn caveat(word: &str) -> Line<Draft> {
    text(match word {
        "simpson_reversal" => "turns round within strata",
        "confounded" => "explained by a third column",
        "outlier_driven" => "hangs on outliers",
        "nonlinear" => "not a straight line",
        "tiny_effect" => "tiny effect",
        "repeated_units" => "rows repeat units",
        "time_order" => "both drift in time",
        "small_sample" => "small sample",
        "assumption_violated" => "an assumption fails",
        "separation" => "perfect separation",
        other => return line().code(other),
    })
}

/// What a caveat means to a reader; `note` is the column or word that it is about.
pub(crate) fn caveat_explained(word: &str, note: Option<&str>) -> Line<Draft> {
    let column = |line: Line<Draft>| match note {
        Some(note) => line.code(note),
        None => line.text("a third column"),
    };
    match word {
        "simpson_reversal" => column(text(
            "the direction turns round once rows are compared within the levels of ",
        ))
        .text(" (Simpson’s paradox); what holds over all rows does not hold for rows that are alike in it"),
        "confounded" => column(text("hardly anything is left of it among rows that are alike in "))
            .text(", which goes with both columns and may be what links them"),
        "outlier_driven" => text("it weakens or turns round without the rows farthest from the bulk"),
        "nonlinear" => {
            let shape = text("the relation bends, and one number for its strength does not describe its shape");
            match note {
                Some(note) => shape.text(" (").code(note).text(")"),
                None => shape,
            }
        }
        "tiny_effect" => {
            text("it is real and too small to matter for most purposes: many rows make small effects visible")
        }
        "repeated_units" => column(text("rows repeat the units of "))
            .text(", so there is less independent evidence than rows; see the variant with errors clustered by unit"),
        "time_order" => column(text("both columns drift along "))
            .text(", and any two columns that drift go together; see the variant on changes from row to row"),
        "small_sample" => text("few rows: the interval is wide, and the estimate may well be too large"),
        "assumption_violated" => text("an assumption of the test fails; see the variants that do without it"),
        "separation" => {
            text("one column separates the levels of the other perfectly, so that odds have no finite estimate")
        }
        _ => match note {
            Some(note) => line().name(note),
            None => text("a remark of the script; see its result"),
        },
    }
}

/// A robustness variant's name.
pub(crate) fn variant(name: &str) -> Line<Draft> {
    text(match name {
        "rank" => "on ranks",
        "linear" | "parametric" => "without ranks",
        "outliers_removed" => "without outliers",
        "permutation" => "permutation null",
        "cluster_robust" => "errors clustered by unit",
        "first_differences" => "changes from row to row",
        "quadratic" => "added square term",
        other => return line().code(other),
    })
}

/// `yes` or `no`.
pub(crate) fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// Lines joined by commas.
pub(crate) fn joined(lines: impl IntoIterator<Item = Line<Draft>>, none: &'static str) -> Line<Draft> {
    let mut out = line();
    for (at, each) in lines.into_iter().enumerate() {
        out = if at == 0 { each } else { out.text(", ").then(each) };
    }
    if out.0.is_empty() { text(none) } else { out }
}
