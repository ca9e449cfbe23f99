//! Says what a next study would need: for what was left open, how many rows would settle it.

use std::rc::Rc;

use futures::{FutureExt, future::LocalBoxFuture};

use super::{Listener, Native};
use crate::agent::{AgentContext, AgentError};
use crate::message::{Event, Speech, ToldTest, WrittenSection};
use crate::science::TestRecord;

/// Tests that are told of, at most.
const MOST: usize = 12;

/// The agent.
pub(super) fn study_planner() -> Native {
    Native::new("study_planner", &["research_finished"], &["write_section"], || {
        StudyPlanner
    })
}

struct StudyPlanner;

impl Listener for StudyPlanner {
    fn hear(self: Rc<Self>, event: Event, _: AgentContext) -> LocalBoxFuture<'static, Result<Vec<Speech>, AgentError>> {
        let said = match event {
            Event::ResearchFinished(finished) => next_study_section(&finished.open),
            _ => None,
        };
        async move {
            Ok(said
                .into_iter()
                .map(|section| Speech::WriteSection(Box::new(section)))
                .collect())
        }
        .boxed_local()
    }
}

fn next_study_section(open: &[ToldTest]) -> Option<WrittenSection> {
    let needs: Vec<String> = open.iter().filter_map(|test| rows_needed(&test.record)).take(MOST).collect();
    if needs.is_empty() {
        return None;
    }
    let introduction = "What was left open may be nothing, or too small for this many rows. If each is as large as it looks here, so many \
                        rows would show it with the power that the smallest detectable effects of this report are given for. An effect that was \
                        picked for being large mostly is smaller than it looks, so take more.";
    Some(WrittenSection {
        title: "What a next study would need".to_owned(),
        paragraphs: std::iter::once(introduction.to_owned()).chain(needs).collect(),
    })
}

/// The rows that a test would need. The smallest detectable effect falls with the square root of the rows (Cohen,
/// Statistical Power Analysis for the Behavioral Sciences, 2nd edition, chapters 2 and 3: n is in proportion to 1 /
/// effect²).
fn rows_needed(test: &TestRecord) -> Option<String> {
    let (mde, effect) = (test.mde.as_ref()?, test.effect.value?.abs());
    let smallest = mde.value?.abs();
    if mde.name != test.effect.name || effect <= 0.0 || smallest <= effect {
        return None;
    }
    let rows = (test.n as f64 * (smallest / effect).powi(2)).ceil();
    Some(format!(
        "{}: about {rows} complete rows; here it had {}.",
        test.statement.trim_end_matches('.'),
        test.n
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn test(effect: f64, mde: serde_json::Value) -> TestRecord {
        let record = json!({
            "id": "h-000000000001", "dataset": "d", "cycle": 1, "statement": "`b` rises with `a`.", "parent": null, "x": "a", "y": "b",
            "kind": "numeric_numeric", "covariates": [], "by": null, "part": "whole", "test": "t", "why": "w",
            "assumptions": [], "n": 100, "statistic": 1.0, "p": 0.04, "q": 0.3,
            "effect": { "name": "pearson_r", "value": effect, "ci_low": null, "ci_high": null }, "direction": "+",
            "predicted": null, "groups": null, "y_level": null, "significant": false, "replicated": null,
            "explore": null, "confirm": null, "variants": [], "adjusted": [], "caveats": [], "caveat_notes": {},
            "mde": mde, "wording": "suggestive",
            "evidence": { "experiment": "e-000000000001", "script_sha256": "", "result_sha256": "", "locator": "" },
        });
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn half_the_effect_needs_four_times_the_rows() {
        let mde = |name: &str| json!({ "name": name, "value": 0.4, "power": 0.8, "alpha": 0.05 });
        let told = rows_needed(&test(-0.2, mde("pearson_r"))).unwrap();
        assert_eq!(told, "`b` rises with `a`: about 400 complete rows; here it had 100.");
        // Of another measure nothing follows, nor where it would have been seen.
        assert_eq!(rows_needed(&test(0.2, mde("cohens_d"))), None);
        assert_eq!(rows_needed(&test(0.5, mde("pearson_r"))), None);
        assert_eq!(rows_needed(&test(0.2, serde_json::Value::Null)), None);
        assert_eq!(next_study_section(&[]), None);
    }
}
