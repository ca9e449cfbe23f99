//! Plain words for what the scripts say in fixed ones.

use crate::report::document::{Draft, Line, Tone, line, text};
use crate::report::trace::TracedEffect;
use crate::science::{Effect, TestRecord, kind};

/// `x` with `y`, and what is held fixed.
pub(crate) fn relation(test: &TestRecord) -> Line<Draft> {
    line().code(&test.x).text(" and ").code(&test.y).then(given(test))
}

/// The columns held fixed, after a comma; empty where there are none.
pub(crate) fn given(test: &TestRecord) -> Line<Draft> {
    let mut out = line();
    for (at, covariate) in test.covariates.iter().enumerate() {
        out = out.text(if at == 0 { ", given " } else { ", " }).code(covariate);
    }
    match (&test.by, &*test.kind) {
        (Some(by), kind::INTERACTION) => out.text(", depending on ").code(by),
        (Some(by), _) => out.text(", within ").code(by),
        (None, _) => out,
    }
}

/// The direction in words, as a clause of its own.
pub(crate) fn direction(test: &TestRecord) -> Line<Draft> {
    worded(test, test.direction.as_deref())
}

/// A direction of the test's relation, in words.
pub(crate) fn worded(test: &TestRecord, direction: Option<&str>) -> Line<Draft> {
    if let (kind::INTERACTION, Some(by)) = (&*test.kind, &test.by) {
        let relation = text("the relation of ").code(&test.x).text(" with ").code(&test.y);
        return relation.text(" differs with ").code(by);
    }
    let (Some(way), y) = (direction, &test.y) else {
        return text("no single direction");
    };
    if let Some(words) = test.directions.get(way) {
        return clause(words, [&test.x, y]);
    }
    let higher = || text("higher ").code(&test.x).text(" goes with ");
    match (way, &*test.kind, &test.y_level) {
        (way, kind::PAIRED, _) if way == test.x || way == test.y => text("larger in ").code(way),
        ("+", kind::PAIRED, _) => line().code(y).text(" is larger than ").code(&test.x),
        ("-", kind::PAIRED, _) => line().code(y).text(" is smaller than ").code(&test.x),
        ("+", kind::SURVIVAL, _) => higher().text("earlier events"),
        ("-", kind::SURVIVAL, _) => higher().text("later events"),
        (level, kind::SURVIVAL, _) => text("events come soonest where ").code(&test.x).text(" = ").code(level),
        ("+", _, Some(event)) => higher().text("more ").code(y).text(" = ").code(event),
        ("-", _, Some(event)) => higher().text("less ").code(y).text(" = ").code(event),
        ("+", _, None) => higher().text("higher ").code(y),
        ("-", _, None) => higher().text("lower ").code(y),
        (level, _, Some(event)) => {
            let most = line().code(y).text(" = ").code(event).text(" is most frequent where ");
            most.code(&test.x).text(" = ").code(level)
        }
        (level, _, None) => line()
            .code(y)
            .text(" is largest where ")
            .code(&test.x)
            .text(" = ")
            .code(level),
    }
}

/// Words of the record, with these columns set as such.
fn clause(words: &str, columns: [&str; 2]) -> Line<Draft> {
    let mut out = line();
    for (at, piece) in words.split('`').enumerate() {
        out = match piece {
            "" => out,
            " " => out.text(" "),
            piece if at % 2 == 0 => out.name(piece),
            column if columns.contains(&column) => out.code(column),
            // A name with a backtick in it: the words are then as good as their letters.
            _ => return line().name(words),
        };
    }
    out
}

/// The direction for a table's cell beside the relation.
pub(crate) fn short_direction(test: &TestRecord) -> Line<Draft> {
    match (test.direction.as_deref(), &*test.kind, &test.y_level) {
        (_, kind::INTERACTION, _) => text("differs"),
        (Some(way), ..) if test.directions.contains_key(way) => direction(test),
        (None, ..) | (_, kind::PAIRED | kind::SURVIVAL, _) => direction(test),
        (Some("+"), _, None) => text("rise together"),
        (Some("-"), _, None) => text("one falls as the other rises"),
        (Some("+"), _, Some(event)) => text("more ").code(event).text(" as it rises"),
        (Some("-"), _, Some(event)) => text("less ").code(event).text(" as it rises"),
        (Some(level), _, None) => text("largest in ").code(level),
        (Some(level), _, Some(event)) => line().code(event).text(" most frequent in ").code(level),
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
        "partial_rho" => "partial rank correlation",
        "cohens_dz" => "Cohen’s d of the differences",
        "ratio_of_odds_ratios" => "ratio of odds ratios",
        "concordance" => "concordance",
        "eta" => "η",
        "none" => "effect",
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
        "not_replicated" => "not replicated",
        "model_written" => "code by a model",
        "challenged" => "challenged",
        "vetoed" => "vetoed",
        other => return line().code(other),
    })
}

/// The meaning of a caveat for a reader; `note` is the column or word that it is about.
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
        "not_replicated" => {
            text("over all rows it passes the control, but the two parts of the rows do not both show it alike")
        }
        "model_written" => match note {
            Some(note) => text("the numbers rest on code that ").code(note).text(" wrote"),
            None => text("the numbers rest on code that a model wrote"),
        }
        .text("; a second script, written from the protocol alone, gave the same, and shuffled copies of the rows gave nothing"),
        "challenged" => {
            let told = text("an agent’s second look contradicts it");
            let told = match note {
                Some(note) => told.text(" (").name(note).text(")"),
                None => told,
            };
            told.text("; see what agents added")
        }
        "vetoed" => column(text("it was taken out of the findings by the agent ")),
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
        "log_rank" => "log-rank test",
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
