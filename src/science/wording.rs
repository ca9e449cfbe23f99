//! The wording of a verdict.

use super::closed_set::closed_set;

closed_set! {
    /// The strongest words that a verdict allows.
    Wording {
        /// Significant, and consistent in both parts of the rows.
        ReplicatedAssociation = "replicated association",
        /// The same, where the explaining column was assigned at random.
        ReplicatedEffect = "replicated effect",
        /// Significant.
        Association = "association",
        /// Significant, and the explaining column was assigned at random.
        Effect = "effect",
        /// Not significant, with a p-value below .05.
        Suggestive = "suggestive",
        /// A description, which is no verdict.
        Description = "description",
        /// Not significant.
        NoDetectableAssociation = "no detectable association",
    }
}

impl Wording {
    /// Returns true if it speaks of an effect, which only an explaining column assigned at random allows.
    pub fn claims_effect(&self) -> bool {
        self.has_any_word(&["effect", "causes", "cause"])
    }

    /// Returns true if it speaks of a replication.
    pub fn claims_replication(&self) -> bool {
        self.has_any_word(&["replicated"])
    }

    /// Returns true if it speaks of a relation that is there, which only a significant test allows.
    pub fn claims_relation(&self) -> bool {
        self.has_any_word(&["association", "effect"]) && !self.has_any_word(&["no"])
    }

    fn has_any_word(&self, words: &[&str]) -> bool {
        self.as_str().split_whitespace().any(|word| words.contains(&word))
    }
}

#[cfg(test)]
mod tests {
    use super::Wording;

    #[test]
    fn words_are_kept_whether_they_are_known_or_not() {
        for word in [
            "replicated association",
            "effect",
            "no detectable association",
            "robust association",
        ] {
            let read: Wording = serde_json::from_value(word.into()).unwrap();
            assert_eq!(read, word);
            assert_eq!(serde_json::to_value(&read).unwrap(), word);
        }
        assert_eq!(Wording::from("suggestive"), Wording::Suggestive);
        assert_eq!(Wording::from("robust"), Wording::Other("robust".to_owned()));
    }

    #[test]
    fn claims_follow_from_the_words() {
        let claims = |wording: Wording| {
            (
                wording.claims_effect(),
                wording.claims_replication(),
                wording.claims_relation(),
            )
        };
        assert_eq!(claims(Wording::ReplicatedEffect), (true, true, true));
        assert_eq!(claims(Wording::Association), (false, false, true));
        assert_eq!(claims(Wording::NoDetectableAssociation), (false, false, false));
        assert_eq!(claims(Wording::Other("x causes y".to_owned())), (true, false, false));
    }
}
