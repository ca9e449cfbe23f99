//! One sentence for each kind of hypothesis.

use crate::science::{Hypothesis, kind};

/// A sentence that says what is claimed, without a direction that nobody predicted.
pub(crate) fn statement(hypothesis: &Hypothesis) -> String {
    let (x, y) = (&hypothesis.x, &hypothesis.y);
    let by = hypothesis.by.as_deref().unwrap_or_default();
    // What an earlier finding predicts is kept beside the statement: a follow-up is there to see whether it holds.
    let predicted = hypothesis.predicted.as_deref().filter(|_| hypothesis.parent.is_none());
    let way = match predicted {
        Some("+") => " (rising together)",
        Some("-") => " (one rising as the other falls)",
        _ => "",
    };
    match hypothesis.kind.as_str() {
        kind::GROUP_NUMERIC => format!("`{y}` differs between the groups of `{x}`"),
        kind::CATEGORICAL_CATEGORICAL => format!("the mix of `{y}` differs between the groups of `{x}`"),
        kind::NUMERIC_BINARY => format!("`{x}` goes with `{y}`{way}"),
        kind::PAIRED => format!("`{y}` differs from `{x}` within the same unit"),
        kind::SURVIVAL => format!(
            "the time to `{}` depends on `{x}`",
            hypothesis.event.as_deref().unwrap_or(y)
        ),
        kind::ADJUSTED => {
            let fixed: Vec<String> = hypothesis.covariates.iter().map(|name| format!("`{name}`")).collect();
            let are = if fixed.len() > 1 { "are" } else { "is" };
            let fixed = match fixed.split_last() {
                Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
                _ => fixed.concat(),
            };
            format!("`{x}` goes with `{y}` when {fixed} {are} held fixed{way}")
        }
        kind::STRATIFIED => format!("`{x}` goes with `{y}` inside the levels of `{by}`{way}"),
        kind::DESIGNED if hypothesis.by.is_none() => format!("`{y}` differs between the levels of `{x}`"),
        kind::PROPORTION => format!("the share of `{y}` in `{by}` differs with `{x}`"),
        kind::COUNTS => format!("the rate of `{y}` per unit of `{by}` differs with `{x}`"),
        kind::DESIGNED | kind::INTERACTION => format!("how `{x}` goes with `{y}` depends on `{by}`"),
        kind::DOSE_RESPONSE => format!("`{y}` changes steadily with increasing `{x}`{way}"),
        kind::DESCRIBE => match &hypothesis.by {
            Some(by) => format!("a description of `{y}` by `{by}`"),
            None => format!("a description of `{y}`"),
        },
        kind::CUSTOM => {
            let effect = hypothesis
                .analysis
                .as_ref()
                .map_or("an analysis", |analysis| analysis.effect.as_str());
            format!("`{x}` goes with `{y}` as measured by `{effect}`")
        }
        _ => format!("`{x}` goes with `{y}`{way}"),
    }
}
