//! Plain English text, and nothing that a page, a terminal or a reader could take for more.

use super::names::NAME;
use crate::llm::Objection;

/// Marks that are no letters and may stand in plain text.
const MARKS: &str = " .,;:!?()'\"%/=<>+-×±≈≤≥–—−’‘“”[]&…^";

/// Words without which hardly any English sentence gets along.
const COMMON: [&str; 28] = [
    "the", "a", "an", "of", "and", "in", "with", "is", "are", "to", "that", "this", "as", "for", "by", "than", "on",
    "not", "have", "has", "it", "they", "between", "those", "each", "at", "from", "or",
];

/// Refuses what is no plain English.
///
/// # Errors
/// A description of the first fault.
pub(super) fn check_plain_english(text: &str) -> Result<(), Objection> {
    let strange = |letter: &char| !(letter.is_ascii_alphanumeric() || *letter == NAME || MARKS.contains(*letter));
    if let Some(strange) = text.chars().find(strange) {
        let shown = if strange.is_control() { '\u{FFFD}' } else { strange };
        return Err(format!("the character `{shown}` is not for plain English text").into());
    }
    let lower = text.to_lowercase();
    let tags = text.split('<').skip(1).any(|after| !after.starts_with([' ', '0', '.']));
    if tags || lower.contains("](") || lower.contains("://") || lower.contains("www.") {
        return Err("links and markup are not for plain text".to_owned().into());
    }
    let words: Vec<&str> = lower
        .split(|letter: char| !letter.is_alphabetic())
        .filter(|word| !word.is_empty())
        .collect();
    let common = words.iter().filter(|word| COMMON.contains(word)).count();
    if words.len() < 3 || common * 8 < words.len() {
        return Err("this is not a sentence in plain English".to_owned().into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_passes_and_nothing_else() {
        for good in [
            "Penguins with longer ■ tend to have a larger ■ (r = 0.87, p < 0.001).",
            "The interval [0.84 to 0.89] is narrow; that is 10^-5…",
        ] {
            assert_eq!(check_plain_english(good), Ok(()), "{good}");
        }
        for bad in [
            "The <script>alert(1)</script> of it",
            "The <b>one</b> of it",
            "See [the paper](x) of it",
            "See https://x.example for the paper",
            "**The** one of it",
            "# The one of it",
            "The саuse of it",
            "The one of it\nand that",
            "The one\u{202e} of it",
            "The R² of it",
            "Laengere Flossen fuehren zu schwereren Tieren",
            "ok",
        ] {
            assert!(check_plain_english(bad).is_err(), "{bad}");
        }
    }
}
