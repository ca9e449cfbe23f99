//! How strong the words of a text are: causes only where values were assigned at random, proof nowhere.

use super::names::NAME;
use crate::llm::Objection;

/// Words that say one thing brings about another, wherever they stand.
const CAUSAL: [&str; 75] = [
    "cause",
    "causes",
    "caused",
    "causing",
    "causal",
    "causally",
    "causation",
    "causality",
    "because",
    "affect",
    "affects",
    "affected",
    "affecting",
    "influence",
    "influences",
    "influenced",
    "influencing",
    "impact",
    "impacts",
    "impacted",
    "drive",
    "drives",
    "driven",
    "driving",
    "drove",
    "driver",
    "drivers",
    "determine",
    "determines",
    "determined",
    "produce",
    "produces",
    "produced",
    "induce",
    "induces",
    "induced",
    "trigger",
    "triggers",
    "triggered",
    "responsible",
    "consequence",
    "consequences",
    "contribute",
    "contributes",
    "contributed",
    "explains",
    "prevent",
    "prevents",
    "prevented",
    "protect",
    "protects",
    "boost",
    "boosts",
    "boosted",
    "enhance",
    "enhances",
    "enhanced",
    "improve",
    "improves",
    "improved",
    "worsen",
    "worsens",
    "harms",
    "promote",
    "promotes",
    "lowers",
    "lowered",
    "stems",
    "makes",
    "made",
    "therefore",
    "thus",
    "thereby",
    "yields",
    "alters",
];

/// Two words that say so together.
const CAUSAL_PAIRS: [(&str, &str); 19] = [
    ("lead", "to"),
    ("leads", "to"),
    ("led", "to"),
    ("leading", "to"),
    ("result", "in"),
    ("results", "in"),
    ("resulted", "in"),
    ("resulting", "in"),
    ("result", "of"),
    ("results", "from"),
    ("due", "to"),
    ("owing", "to"),
    ("thanks", "to"),
    ("explained", "by"),
    ("rise", "to"),
    ("brings", "about"),
    ("brought", "about"),
    ("attributable", "to"),
    ("attributed", "to"),
];

/// Verbs that say so unless what follows makes them say that two things go together.
const CHANGE: [&str; 14] = [
    "increase",
    "increases",
    "increased",
    "decrease",
    "decreases",
    "decreased",
    "reduce",
    "reduces",
    "reduced",
    "reducing",
    "raise",
    "raises",
    "raised",
    "raising",
];

/// Words that may follow a verb of change without adding a claim.
const TOGETHER: [&str; 13] = [
    "with", "as", "in", "of", "together", "when", "along", "across", "where", "among", "and", "or", "",
];

/// Words that are stronger than any finding.
const PROOF: [&str; 26] = [
    "prove",
    "proves",
    "proved",
    "proven",
    "proving",
    "proof",
    "certain",
    "certainly",
    "certainty",
    "undoubtedly",
    "doubtless",
    "definitely",
    "definitive",
    "definitively",
    "guarantee",
    "guarantees",
    "guaranteed",
    "conclusive",
    "conclusively",
    "undeniable",
    "undeniably",
    "unquestionably",
    "always",
    "irrefutable",
    "establishes",
    "established",
];

/// Words that say that both parts of the rows show it.
const REPLICATED: [&str; 8] = [
    "replicated",
    "replicates",
    "replicate",
    "replication",
    "confirmed",
    "confirms",
    "confirm",
    "confirmation",
];

/// The claims that a text may make.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allowed {
    /// Every explaining column was assigned at random.
    pub(super) causes: bool,
    /// Everything spoken of is replicated.
    pub(super) replicated: bool,
    /// Everything spoken of passed the control of false discoveries.
    pub(super) significant: bool,
    /// All go up, or all go down.
    pub(super) rising: Option<bool>,
}

/// Holds the words of `text`, from which names were taken out, against what may be claimed.
///
/// # Errors
/// The first word that claims more.
pub(super) fn check_claims(text: &str, allowed: Allowed) -> Result<(), Objection> {
    let words = split_words(text);
    let word = |place: usize| words.get(place).map_or("", String::as_str);
    for (place, this) in words.iter().map(String::as_str).enumerate() {
        let (next, last) = (word(place + 1), place.checked_sub(1).map_or("", word));
        let causal = CAUSAL.contains(&this)
            || CAUSAL_PAIRS.contains(&(this, next))
            || (CHANGE.contains(&this) && !TOGETHER.contains(&next))
            || (matches!(this, "effect" | "effects") && !matches!(next, "size" | "sizes"));
        if causal && !allowed.causes {
            return Err(format!(
                "`{this}` speaks of a cause, and nothing was assigned at random: say that the two go together"
            )
            .into());
        }
        if PROOF.contains(&this) {
            return Err(format!("`{this}` is stronger than any finding").into());
        }
        if REPLICATED.contains(&this) && !allowed.replicated && last != "not" {
            return Err(format!("`{this}` is said of what is not replicated").into());
        }
        if matches!(this, "significant" | "significantly" | "significance") && !allowed.significant && last != "not" {
            return Err(format!("`{this}` is said of what did not pass the control of false discoveries").into());
        }
        let against = match allowed.rising {
            Some(true) => matches!(this, "negative" | "negatively" | "inverse" | "inversely"),
            Some(false) => matches!(this, "positive" | "positively"),
            None => false,
        };
        if against {
            return Err(format!("`{this}` is not the direction that was found").into());
        }
    }
    Ok(())
}

/// The words in lower case; a name is one of its own, and so is the end of a sentence or clause, as nothing.
fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut open = String::new();
    for letter in text.to_lowercase().chars() {
        if letter.is_alphabetic() {
            open.push(letter);
            continue;
        }
        if !open.is_empty() {
            words.push(std::mem::take(&mut open));
        }
        if letter == NAME {
            words.push(NAME.to_string());
        } else if matches!(letter, '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')') {
            words.push(String::new());
        }
    }
    if !open.is_empty() {
        words.push(open);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: Allowed = Allowed {
        causes: false,
        replicated: true,
        significant: true,
        rising: Some(true),
    };

    #[test]
    fn words_of_association_pass() {
        for text in [
            "Penguins with longer ■ tend to have larger ■.",
            "■ increases with ■, a significant and replicated association.",
            "■ is higher where ■ is higher; both increase together.",
            "A reduced, narrow interval; the effect size is large.",
            "An increase in ■ goes with an increase in ■.",
            "■ rises as ■ increases.",
            "■ predicts ■ and depends on ■.",
        ] {
            assert_eq!(check_claims(text, FOUND), Ok(()), "{text}");
        }
    }

    #[test]
    fn words_of_cause_do_not() {
        let texts = [
            "Longer ■ causes larger ■.",
            "■ leads to larger ■.",
            "■ increases ■.",
            "A longer ■ increases the mass.",
            "It has a strong effect on ■.",
            "the Effect of ■",
            "■ is due to ■.",
            "■ drives ■.",
            "They are heavier because they are longer.",
            "The higher mass results from it.",
            "■ reduces ■.",
            "The mass is CAUSED by it.",
            "This is not causation.",
            "■ is influenced by ■",
        ];
        for text in texts {
            assert!(check_claims(text, FOUND).is_err(), "{text}");
            assert_eq!(check_claims(text, Allowed { causes: true, ..FOUND }), Ok(()), "{text}");
        }
    }

    #[test]
    fn words_stronger_than_the_verdict_do_not() {
        let weak = Allowed::default();
        for (text, allowed) in [
            ("This proves that ■ goes with ■.", FOUND),
            ("It is certain, always so.", Allowed { causes: true, ..FOUND }),
            ("a replicated association", weak),
            ("a significant association", weak),
            ("a negative correlation", FOUND),
            (
                "positively related",
                Allowed {
                    rising: Some(false),
                    ..FOUND
                },
            ),
        ] {
            assert!(check_claims(text, allowed).is_err(), "{text}");
        }
        assert_eq!(check_claims("not significant, and not replicated", weak), Ok(()));
    }
}
