//! Registered hypotheses that could not be judged.

use crate::report::Dossier;
use crate::report::document::{Blocks, heading, line, paragraph, table, text};

/// Each with its reason.
pub(super) fn section(dossier: &Dossier, out: &mut Blocks) {
    out.push(heading(2, "untested", text("What could not be tested")));
    if dossier.untested.is_empty() {
        let all = if dossier.tests.is_empty() {
            "No hypothesis was registered and left without a verdict."
        } else {
            "Every hypothesis that was registered was judged."
        };
        out.push(paragraph(text(all)));
        return;
    }
    out.push(paragraph(text(
        "Registered, counted, and not judged, for these reasons:",
    )));
    let rows = dossier.untested.iter().map(|untested| {
        vec![
            line().code(&untested.x).text(" and ").code(&untested.y),
            line().name(&untested.statement),
            line().name(&untested.reason),
            untested
                .experiment
                .as_ref()
                .map_or_else(|| text("none"), |id| line().code(id.as_str())),
        ]
    });
    out.push(table(
        vec!["relation", "hypothesis", "reason", "experiment"],
        vec![],
        rows.collect(),
    ));
}
