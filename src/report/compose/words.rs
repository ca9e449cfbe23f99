//! Plain words for what the scripts say in fixed ones.

use super::super::document::{Draft, Line, Tone, line, text};
use super::super::trace::TracedEffect;
use crate::science::{Caveat, Effect, TestRecord, kind};

/// The subject of a part of a table's structure.
pub(crate) fn structure_part(name: &str) -> &'static str {
    match name {
        "subject" => "Subjects:",
        "clusters" => "Groups of rows that are alike:",
        "time" => "Order in time:",
        "place" => "Place:",
        "copies" => "Copies of rows:",
        "assigned" => "Assigned at random:",
        "survival" => "Time to an event:",
        _ => "At risk:",
    }
}

/// `x` with `y`, and what is held fixed.
pub(crate) fn relation_line(test: &TestRecord) -> Line<Draft> {
    line()
        .code(&test.x)
        .text(" and ")
        .code(&test.y)
        .then(given_clause(test))
}

/// Columns held fixed that a sentence names one by one, at most.
pub(crate) const MOST_NAMED: usize = 3;

/// Names the columns held fixed, with a comma; says how many where they are many; empty if there are none.
pub(crate) fn given_clause(test: &TestRecord) -> Line<Draft> {
    let mut out = line();
    let given = test.covariates.len();
    if given > MOST_NAMED {
        out = out.text(", given ").text(count_word(given)).text(" other columns");
    } else {
        for (at, covariate) in test.covariates.iter().enumerate() {
            let before = match at {
                0 => ", given ",
                _ if at + 1 == given => " and ",
                _ => ", ",
            };
            out = out.text(before).code(covariate);
        }
    }
    match (&test.by, &*test.kind) {
        (Some(by), _) if test.is_interaction() => out.text(", depending on ").code(by),
        (Some(by), kind::PROPORTION) => out.text(", out of ").code(by),
        (Some(by), kind::COUNTS) => out.text(", per unit of ").code(by),
        (Some(by), _) => out.text(", within ").code(by),
        (None, _) => out,
    }
}

/// A small number in words.
pub(crate) fn count_word(count: usize) -> &'static str {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ];
    WORDS.get(count).copied().unwrap_or("many")
}

/// The direction in words, as a clause of its own.
pub(crate) fn direction_clause(test: &TestRecord) -> Line<Draft> {
    worded_direction(test, test.direction.as_deref())
}

/// A direction of the test's relation, in words.
pub(crate) fn worded_direction(test: &TestRecord, direction: Option<&str>) -> Line<Draft> {
    if let Some(by) = test.by.as_ref().filter(|_| test.is_interaction()) {
        let relation = text("the relation of ").code(&test.x).text(" with ").code(&test.y);
        return relation.text(" differs with ").code(by);
    }
    if test.kind == kind::CURVE {
        return line()
            .code(&test.y)
            .text(" changes with ")
            .code(&test.x)
            .text(" along a curve");
    }
    let (Some(way), y) = (direction, &test.y) else {
        return text("no single direction");
    };
    if let Some(words) = test.directions.get(way) {
        return words_clause(words, |name| name == test.x || name == *y);
    }
    let higher = || text("higher ").code(&test.x).text(" goes with ");
    match (way, &*test.kind, &test.y_level) {
        (way, kind::PAIRED, _) if way == test.x || way == test.y => text("larger in ").code(way),
        ("+", kind::PAIRED, _) => line().code(y).text(" is larger than ").code(&test.x),
        ("-", kind::PAIRED, _) => line().code(y).text(" is smaller than ").code(&test.x),
        ("+", kind::SURVIVAL, _) => higher().text("earlier events"),
        ("-", kind::SURVIVAL, _) => higher().text("later events"),
        (level, kind::SURVIVAL, _) => text("events come soonest where ").code(&test.x).text(" = ").code(level),
        ("+", kind::PROPORTION | kind::COUNTS, _) => higher().text("a higher ").then(rate_of(test)),
        ("-", kind::PROPORTION | kind::COUNTS, _) => higher().text("a lower ").then(rate_of(test)),
        (level, kind::PROPORTION | kind::COUNTS, _) => {
            let highest = text("the ").then(rate_of(test)).text(" is highest where ");
            highest.code(&test.x).text(" = ").code(level)
        }
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

/// The share or the rate that a test of counts is about.
fn rate_of(test: &TestRecord) -> Line<Draft> {
    let what = if test.kind == kind::PROPORTION {
        "share of "
    } else {
        "rate of "
    };
    text(what).code(&test.y)
}

/// The statement of a test, with its columns set as such.
pub(crate) fn statement_clause(test: &TestRecord) -> Line<Draft> {
    let others = || test.by.iter().chain(&test.covariates);
    words_clause(&test.statement, |name| {
        name == test.x || name == test.y || others().any(|other| other == name)
    })
}

/// Words of the record, with the columns in backticks set as such, and other words there in quotes.
pub(crate) fn words_clause(words: &str, is_column: impl Fn(&str) -> bool) -> Line<Draft> {
    let mut out = line();
    let is_paired = words.matches('`').count().is_multiple_of(2);
    for (at, piece) in words.split('`').enumerate() {
        out = match piece {
            "" => out,
            " " => out.text(" "),
            piece if at % 2 == 0 && !piece.contains(char::is_numeric) => out.name(piece),
            column if is_column(column) => out.code(column),
            word if is_paired && word.chars().all(char::is_alphabetic) => out.name(&format!("'{word}'")),
            // A name with a backtick in it, or a number: the words are then as good as their letters.
            _ => return line().name(words),
        };
    }
    out
}

/// The direction for a table's cell beside the relation.
pub(crate) fn short_direction(test: &TestRecord) -> Line<Draft> {
    match (test.direction.as_deref(), &*test.kind, &test.y_level) {
        _ if test.is_interaction() => text("differs"),
        (Some(way), ..) if test.directions.contains_key(way) => direction_clause(test),
        (None, ..) | (_, kind::PAIRED | kind::SURVIVAL, _) => direction_clause(test),
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
    effect_name_line(&effect.name)
}

/// The same by the script's word for it.
pub(crate) fn effect_name_line(name: &str) -> Line<Draft> {
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
        "rate_ratio" => "rate ratio",
        "rate_ratio_per_sd" => "rate ratio per standard deviation",
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
pub(crate) fn effect_line(traced: &TracedEffect) -> Line<Draft> {
    match traced.value() {
        Some(value) => effect_name(traced.effect)
            .text(" ")
            .number(value)
            .then(interval_line(traced)),
        None => effect_name(traced.effect).text(" not computed"),
    }
}

/// The interval between brackets, with a space before it.
pub(crate) fn interval_line(traced: &TracedEffect) -> Line<Draft> {
    match traced.interval() {
        Some((low, high)) => text(" [").number(low).text(" to ").number(high).text("]"),
        None => line(),
    }
}

/// The colour of a wording.
pub(crate) fn wording_tone(test: &TestRecord) -> Tone {
    match (test.significant, test.replicated) {
        (true, Some(true)) => Tone::Strong,
        (true, _) => Tone::Medium,
        (false, _) => Tone::Weak,
    }
}

/// Whether both parts of the rows show it.
pub(crate) fn replication_words(test: &TestRecord) -> &'static str {
    match test.replicated {
        Some(true) => "yes",
        Some(false) => "no",
        None => "could not be checked",
    }
}

/// A caveat in short: its own words, without the underscores where we know them.
pub(crate) fn caveat_line(caveat: &Caveat) -> Line<Draft> {
    text(match caveat {
        Caveat::SimpsonReversal => "reverses within strata",
        Caveat::Confounded => "explained by a third column",
        Caveat::OutlierDriven => "depends on outliers",
        Caveat::Nonlinear => "not a straight line",
        Caveat::TinyEffect => "tiny effect",
        Caveat::RepeatedUnits => "rows repeat units",
        Caveat::TimeOrder => "both drift over time",
        Caveat::SmallSample => "small sample",
        Caveat::AssumptionViolated => "an assumption fails",
        Caveat::Separation => "perfect separation",
        Caveat::MissingByOther => "missing values differ",
        Caveat::EmptyCorner => "rows may be selected",
        Caveat::NotReplicated => "not replicated",
        Caveat::ModelWritten => "code written by a model",
        Caveat::Challenged => "challenged",
        Caveat::Vetoed => "vetoed",
        Caveat::Other(word) => return line().code(word),
    })
}

/// Explains a caveat to a reader; `note` is the column or word that it is about.
pub(crate) fn caveat_explained(caveat: &Caveat, note: Option<&str>) -> Line<Draft> {
    let column = |line: Line<Draft>| match note {
        Some(note) => line.code(note),
        None => line.text("a third column"),
    };
    match caveat {
        Caveat::SimpsonReversal => column(text(
            "the direction reverses when rows are compared within the levels of ",
        ))
        .text(" (Simpson’s paradox); the relation over all rows does not hold among rows with the same value"),
        Caveat::Confounded => column(text("little of it remains among rows with the same value of "))
            .text(", which is related to both columns and may explain the relation"),
        Caveat::OutlierDriven => text("it weakens or reverses without the most extreme rows"),
        Caveat::Nonlinear => {
            let shape = text("the relation is curved, and a single measure of strength does not describe its shape");
            match note {
                Some(note) => shape.text(" (").code(note).text(")"),
                None => shape,
            }
        }
        Caveat::TinyEffect => {
            text("it is significant but too small to matter for most purposes: with many rows, small effects become detectable")
        }
        Caveat::RepeatedUnits => column(text("rows repeat the units of "))
            .text(", so there is less independent evidence than rows; p and interval allow for that"),
        Caveat::TimeOrder => column(text("both columns drift along "))
            .text(", and any two columns that drift are correlated; given their course and their own past, nothing is left to see"),
        Caveat::SmallSample => text("few rows: the interval is wide, and the estimate may well be too large"),
        Caveat::NotReplicated => {
            text("it passes the control on all rows, but the two parts of the rows do not both show it")
        }
        Caveat::ModelWritten => match note {
            Some(note) => text("the numbers rest on code that ").code(note).text(" wrote"),
            None => text("the numbers rest on code that a model wrote"),
        }
        .text("; a second script, written from the protocol alone, gave the same, and shuffled copies of the rows gave nothing"),
        Caveat::Challenged => {
            let told = text("an agent’s check contradicts it");
            let told = match note {
                Some(note) => told.text(" (").name(note).text(")"),
                None => told,
            };
            told.text("; see the contributions of agents")
        }
        Caveat::Vetoed => column(text("it was removed from the findings by the agent ")),
        Caveat::AssumptionViolated => text("an assumption of the test fails; see the variants that do not need it"),
        Caveat::Separation => {
            text("one column separates the levels of the other perfectly, so that odds have no finite estimate")
        }
        Caveat::MissingByOther => {
            let told = text("it holds for the rows with both values at most");
            match note {
                Some(note) => told.text(": ").name(note),
                None => told.text(", as rows without a value of one column differ in the other"),
            }
        }
        Caveat::EmptyCorner => text(
            "rows end at a slanting line across both columns: if they were selected by the two together, that alone makes them go together",
        ),
        Caveat::Other(_) => match note {
            Some(note) => line().name(note),
            None => text("a remark of the script; see its result"),
        },
    }
}

/// A robustness variant's name.
pub(crate) fn variant_name(name: &str) -> Line<Draft> {
    text(match name {
        "rank" => "on ranks",
        "linear" | "parametric" => "without ranks",
        "outliers_removed" => "without outliers",
        "permutation" => "permutation null",
        "exposure_shuffled" => "exposure alone shuffled",
        "outcome_shuffled" => "outcome alone shuffled",
        "row_order" => "rows in another order",
        "cluster_robust" => "errors clustered by unit",
        "first_differences" => "changes from row to row",
        "independent_rows" => "as if rows were independent",
        "own_past" => "given their own past",
        "spatial" => "errors alike among neighbours",
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
pub(crate) fn join_lines(lines: impl IntoIterator<Item = Line<Draft>>, none: &'static str) -> Line<Draft> {
    let mut out = line();
    for (at, each) in lines.into_iter().enumerate() {
        out = if at == 0 { each } else { out.text(", ").then(each) };
    }
    if out.0.is_empty() { text(none) } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::Span;
    use crate::words::tests::finding;

    /// Code between `<` and `>`.
    fn told(line: &Line<Draft>) -> String {
        let told = line.0.iter().map(|span| match span {
            Span::Text(text) => (*text).to_owned(),
            Span::Name(name) => name.shown(),
            Span::Code(_) => "<column>".to_owned(),
            _ => "?".to_owned(),
        });
        told.collect()
    }

    #[test]
    fn a_family_says_itself_what_its_directions_mean() {
        let mut test = TestRecord {
            directions: [("+".to_owned(), "`a b` wobbles more at higher `c`".to_owned())].into(),
            kind: "wobble".to_owned(),
            x: "c".to_owned(),
            y: "a b".to_owned(),
            ..finding()
        };
        for line in [direction_clause(&test), short_direction(&test)] {
            assert_eq!(told(&line), "<column> wobbles more at higher <column>");
        }
        assert_eq!(
            told(&worded_direction(&test, Some("-"))),
            "higher <column> goes with lower <column>"
        );
        let told_of = words_clause("`a b` or `wobble` of `a b`", |name| name == "a b");
        assert_eq!(told(&told_of), "<column> or 'wobble' of <column>");
        test.y = "a`b".to_owned();
        test.directions.insert("+".to_owned(), "`a`b` wobbles".to_owned());
        assert_eq!(told(&direction_clause(&test)), "`a`b` wobbles");
    }
}
