use std::borrow::Cow;

/// `text` on one line, fit for a terminal. Texts that come from data (names of columns, messages of scripts)
/// could otherwise move the cursor, change colours, or reorder what is read.
///
/// White space becomes a blank; control characters, escape sequences' first character among them, and marks
/// of writing direction become U+FFFD.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .map(|c| if is_printable(c) { c } else { substitute(c) })
            .collect(),
    )
}

/// `text` on as many lines as it has, each as [`printable`] makes it. For whole outputs, of which some parts are
/// foreign.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    let keeps = |c: char| c == '\n' || is_printable(c);
    if text.chars().all(keeps) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if keeps(c) { c } else { substitute(c) }).collect())
}

fn is_printable(c: char) -> bool {
    !c.is_control() && !is_directional(c) && !matches!(c, '\u{2028}' | '\u{2029}')
}

fn is_directional(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn substitute(c: char) -> char {
    if c.is_whitespace() { ' ' } else { '\u{FFFD}' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disarms_what_a_terminal_would_obey() {
        let table = [
            ("plain text, é, 中文", "plain text, é, 中文"),
            ("a\nb\tc\r", "a b c "),
            ("\u{1b}[31mred", "\u{FFFD}[31mred"),
            ("bell\u{7}", "bell\u{FFFD}"),
            ("c1\u{9b}2J", "c1\u{FFFD}2J"),
            ("\u{202e}desrever", "\u{FFFD}desrever"),
            ("line\u{2028}break", "line break"),
        ];
        for (text, expected) in table {
            assert_eq!(printable(text), expected);
        }
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(
            printable_lines("a\nb\r\n\u{1b}[2J\u{202e}\n"),
            "a\nb \n\u{FFFD}[2J\u{FFFD}\n"
        );
        assert!(matches!(printable_lines("a\nb"), Cow::Borrowed(_)));
    }
}
