//! Strings that are not ours: column names, levels, the question, reasons, ids.

/// Longest name that is shown in full, in characters.
const LONGEST: usize = 600;

/// A string of the run's record, made fit to be shown: no control characters, no marks that turn the direction of
/// the text around them, one line. The renderers escape it for their own syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    raw: String,
    keep: usize,
}

impl Name {
    /// A name in full.
    pub(crate) fn new(raw: impl Into<String>) -> Self {
        Self {
            raw: raw.into(),
            keep: LONGEST,
        }
    }

    /// A hash, of which the first characters are enough to recognise it.
    pub(crate) fn hash(raw: impl Into<String>) -> Self {
        Self {
            raw: raw.into(),
            keep: 12,
        }
    }

    /// As the record holds it.
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }

    /// As a reader sees it, not yet escaped.
    pub(crate) fn shown(&self) -> String {
        safe_line(&self.raw, self.keep)
    }
}

/// One safe line of at most `keep` characters.
pub(crate) fn safe_line(raw: &str, keep: usize) -> String {
    let mut out = String::new();
    for (index, letter) in raw.chars().enumerate() {
        if index == keep {
            out.push('…');
            break;
        }
        match letter {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => out.push(' '),
            letter if letter.is_control() || turns_or_hides(letter) => out.push('\u{FFFD}'),
            letter => out.push(letter),
        }
    }
    if out.trim().is_empty() {
        "(blank)".to_owned()
    } else {
        out
    }
}

/// Marks that reorder the text around them, or that cannot be seen.
fn turns_or_hides(letter: char) -> bool {
    matches!(letter,
        '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_safe_line() {
        assert_eq!(Name::new("a\nb\tc").shown(), "a b c");
        assert_eq!(Name::new("x\u{202E}y\u{7}").shown(), "x\u{FFFD}y\u{FFFD}");
        assert_eq!(Name::new(" ").shown(), "(blank)");
        assert_eq!(Name::new("Länge (mm)").shown(), "Länge (mm)");
        assert_eq!(Name::hash("0123456789abcdef").shown(), "0123456789ab…");
    }
}
