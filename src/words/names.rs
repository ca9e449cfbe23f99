//! Names of columns and levels inside of a text: they may hold digits and any word, and are no claims.

use crate::llm::Objection;

/// Stands for a name in what the other checks see.
pub(super) const NAME: char = '■';

/// `text` with each name replaced by [`NAME`]: all that stand between backticks, and bare ones that cannot be taken for
/// a word or a number (`body_mass_g`, `x1`).
///
/// # Errors
/// The text between backticks, or that looks like a column's name, and is none of `names`.
pub(super) fn replace_names(text: &str, names: &[&str]) -> Result<String, Objection> {
    let mut out = String::with_capacity(text.len());
    for (place, part) in text.split('`').enumerate() {
        if place % 2 == 0 {
            out.push_str(&mask_bare_names(part, names)?);
        } else if names.contains(&part) {
            out.push(NAME);
        } else {
            return Err(format!("`{part}` is no column, level or measure of what was found").into());
        }
    }
    if text.split('`').count().is_multiple_of(2) {
        return Err("a backtick is missing".to_owned().into());
    }
    Ok(out)
}

/// Whether `text` speaks of the name, between backticks or as a word of its own.
pub(super) fn mentions_name(text: &str, name: &str) -> bool {
    text.split('`').skip(1).step_by(2).any(|part| part == name)
        || word_spans(text).any(|(_, word)| word == name)
        || (name.contains(|letter: char| !in_word(letter)) && text.contains(name))
}

fn mask_bare_names(text: &str, names: &[&str]) -> Result<String, Objection> {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, word) in word_spans(text) {
        let letters = word.chars().any(char::is_alphabetic);
        let telling = letters && word.chars().any(|letter| letter == '_' || letter.is_numeric());
        if telling && names.contains(&word) {
            out.push_str(text.get(copied..start).unwrap_or_default());
            out.push(NAME);
            copied = start + word.len();
        } else if word.contains('_') {
            return Err(format!("`{word}` is no column, level or measure of what was found").into());
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(out)
}

/// Runs of letters, digits and what joins them in names, with their places; without a full stop at the end.
fn word_spans(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|letter: char| !in_word(letter)).filter_map(move |word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        let word = word.trim_end_matches('.');
        (!word.is_empty()).then_some((start, word))
    })
}

fn in_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_out_and_others_refused() {
        let names = ["body_mass_g", "x1", "causes", "Gentoo", "a b = 0.9", "7"];
        let table = [
            ("`body_mass_g` and x1.", Ok("■ and ■.")),
            ("body_mass_g, and `a b = 0.9`", Ok("■, and ■")),
            // What could be a word or a number counts as one, unless it is quoted.
            ("Gentoo causes 7", Ok("Gentoo causes 7")),
            ("`Gentoo` `causes` `7`", Ok("■ ■ ■")),
            ("a b = 0.9", Ok("a b = 0.9")),
            ("x10 and body_mass_g", Ok("x10 and ■")),
            (
                "`p = 0.001`",
                Err("`p = 0.001` is no column, level or measure of what was found"),
            ),
            (
                "island_id rises",
                Err("`island_id` is no column, level or measure of what was found"),
            ),
            (
                "`x1 rises",
                Err("`x1 rises` is no column, level or measure of what was found"),
            ),
            ("x1` rises `x1` `", Err("` rises ` is no column")),
        ];
        for (text, expected) in table {
            match (replace_names(text, &names), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
                (Err(_), Err(_)) => {}
                (found, expected) => panic!("{text}: {found:?}, not {expected:?}"),
            }
        }
    }

    #[test]
    fn a_name_is_mentioned_as_a_whole() {
        assert!(mentions_name("`sex` matters", "sex") && mentions_name("By sex.", "sex"));
        assert!(!mentions_name("unisex", "sex") && !mentions_name("sex_2", "sex"));
        assert!(mentions_name("of body mass (g) here", "body mass (g)"));
    }
}
