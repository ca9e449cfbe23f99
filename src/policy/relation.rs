//! Which of two columns explains and which is explained.

use super::{AskedPart, heuristic::Interest};
use crate::science::Profile;

/// Returns true if the relation of the columns `x` and `y` has `y` as its exposure and `x` as its outcome: as the
/// question has them, else in the order of the table's columns. `asked` are the parts of the question about the table.
pub fn is_relation_turned<'a>(
    (x, y): (&str, &str),
    asked: impl IntoIterator<Item = &'a AskedPart>,
    interest: Option<&Interest>,
    profile: Option<&Profile>,
) -> bool {
    let mut relations = asked.into_iter().filter_map(AskedPart::relation);
    if let Some((exposure, _)) = relations.find(|sides| *sides == (x, y) || *sides == (y, x)) {
        return exposure != x;
    }
    let by_question = interest.and_then(|interest| match (interest.is_outcome(x), interest.is_outcome(y)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => match (interest.is_exposure(x), interest.is_exposure(y)) {
            (true, false) => Some(false),
            (false, true) => Some(true),
            _ => None,
        },
    });
    by_question.unwrap_or_else(|| {
        let place = |name: &str| profile?.columns.iter().position(|column| column.name == name);
        place(y) < place(x)
    })
}
