//! The phrases that bound a number: `older than 50`, `since 1990`.

use super::words::Token;

/// How a number bounds a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// More than the number.
    Above,
    /// The number or more.
    AtLeast,
    /// Less than the number.
    Below,
    /// The number or less.
    AtMost,
    /// The number itself.
    Equal,
}

/// Phrases before a number; true for those that speak of time.
const BOUNDS: &[(Bound, bool, &[&str])] = &[
    (
        Bound::Above,
        false,
        &[
            "older than",
            "over",
            "above",
            "more than",
            "greater than",
            "higher than",
            "larger than",
            "longer than",
            "heavier than",
            "taller than",
            "exceeding",
            "aged over",
            "aged above",
            ">",
        ],
    ),
    (
        Bound::AtLeast,
        false,
        &[
            "at least",
            "no less than",
            "not less than",
            "a minimum of",
            "\u{2265}",
            "> =",
        ],
    ),
    (
        Bound::Below,
        false,
        &[
            "younger than",
            "under",
            "below",
            "less than",
            "fewer than",
            "lower than",
            "smaller than",
            "shorter than",
            "lighter than",
            "aged under",
            "aged below",
            "<",
        ],
    ),
    (
        Bound::AtMost,
        false,
        &[
            "at most",
            "up to",
            "no more than",
            "not more than",
            "a maximum of",
            "\u{2264}",
            "< =",
        ],
    ),
    (Bound::Above, true, &["after", "later than"]),
    (Bound::AtLeast, true, &["since", "from", "starting in", "beginning in"]),
    (Bound::Below, true, &["before", "earlier than", "prior to"]),
    (Bound::AtMost, true, &["until", "till", "through"]),
    (Bound::Equal, true, &["in", "during", "in the year", "of"]),
    (Bound::Equal, false, &["aged", "=", "equal to", "of exactly"]),
];

/// Gives the bound whose phrase ends right before the last token, with its number of tokens and whether it is of time.
pub(super) fn find_bound(tokens: &[&Token]) -> Option<(usize, Bound, bool)> {
    let mut best: Option<(usize, Bound, bool)> = None;
    for (bound, time, phrases) in BOUNDS {
        for phrase in *phrases {
            let length = phrase.split(' ').count();
            let Some(start) = tokens.len().checked_sub(length) else {
                continue;
            };
            let fits = tokens.get(start..).is_some_and(|tail| {
                tail.iter()
                    .zip(phrase.split(' '))
                    .all(|(token, word)| token.lower == word)
            });
            if fits && length > best.map_or(0, |(most, _, _)| most) {
                best = Some((length, *bound, *time));
            }
        }
    }
    best
}
