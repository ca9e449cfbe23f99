//! Tests without a finding.

use super::{finding, words};
use crate::legacy::v1::order;
use crate::report::Dossier;
use crate::report::document::{Block, Blocks, Draft, Line, heading, line, paragraph, table, text};
use crate::report::trace::Traced;
use crate::science::TestRecord;

/// Rows above which html folds the table away.
const FOLD: usize = 30;

/// Every test that did not pass the control, with the smallest effect that it would have seen.
pub(super) fn section(dossier: &Dossier, out: &mut Blocks) {
    let mut nulls: Vec<_> = order::ordered_tests(dossier)
        .into_iter()
        .filter(|test| !test.significant)
        .collect();
    nulls.sort_by_key(|test| !order::is_about_target(dossier, test));
    out.push(heading(2, "nulls", text("What was not found")));
    if nulls.is_empty() {
        let nothing = if dossier.tests.is_empty() {
            "No test was judged."
        } else {
            "Every test judged passed the control."
        };
        out.push(paragraph(text(nothing)));
        return;
    }
    out.push(paragraph(text(
        "These did not pass the control over the whole run. It does not show that there is nothing: an effect smaller than \
         the one in the last column would mostly have gone unseen.",
    )));
    let head = vec![
        "relation",
        "wording",
        "effect",
        "n",
        "p",
        "q",
        "smallest effect it would have seen",
    ];
    let rows = nulls.iter().map(|test| row(test)).collect();
    let whole = table(head, vec![3, 4, 5], rows);
    if nulls.len() > FOLD {
        out.push(Block::Details {
            summary: text("All of them"),
            blocks: vec![whole],
        });
    } else {
        out.push(whole);
    }
}

fn row(test: &TestRecord) -> Vec<Line<Draft>> {
    let traced = Traced(test);
    let detectable = traced.mde().map(|value| finding::detectable(test, value));
    vec![
        words::relation(test),
        line().badge(words::tone(test), test.wording.as_str()),
        words::effect(&traced.effect()),
        line().number(traced.n()),
        line().number(traced.p()),
        line().number(traced.q()),
        detectable.unwrap_or_else(|| text("not computed")),
    ]
}
