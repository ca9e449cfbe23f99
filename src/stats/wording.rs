//! The ladder of words: what may be said of a test.

use crate::science::Wording;

/// The words for a verdict. `randomised` says that the explaining column was assigned at random, which
/// alone allows to speak of an effect.
pub fn wording(significant: bool, replicated: Option<bool>, p: f64, randomised: bool) -> Wording {
    match (significant, replicated, randomised) {
        (true, Some(true), false) => Wording::ReplicatedAssociation,
        (true, Some(true), true) => Wording::ReplicatedEffect,
        (true, _, false) => Wording::Association,
        (true, _, true) => Wording::Effect,
        (false, ..) if p < 0.05 => Wording::Suggestive,
        (false, ..) => Wording::NoDetectableAssociation,
    }
}

#[cfg(test)]
mod tests {
    use super::wording;

    #[test]
    fn causes_are_spoken_of_only_under_randomisation() {
        assert_eq!(wording(true, Some(true), 1e-9, false), "replicated association");
        assert_eq!(wording(true, Some(false), 1e-3, false), "association");
        assert_eq!(wording(true, None, 1e-3, true), "effect");
        assert_eq!(wording(false, Some(true), 0.04, true), "suggestive");
        assert_eq!(wording(false, None, 0.4, false), "no detectable association");
    }
}
