//! The ladder of words: what may be said of a test.

/// The words for a verdict. `randomised` says that the explaining column was assigned at random, which
/// alone allows to speak of an effect.
pub fn wording(significant: bool, replicated: Option<bool>, p: f64, randomised: bool) -> &'static str {
    match (significant, replicated, randomised) {
        (true, Some(true), false) => "replicated association",
        (true, Some(true), true) => "replicated effect",
        (true, _, false) => "association",
        (true, _, true) => "effect",
        (false, ..) if p < 0.05 => "suggestive",
        (false, ..) => "no detectable association",
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
