//! A picture being drawn.

use crate::progress::printable;

/// SVG in pieces: our own markup, numbers of its geometry, and words. What a reader can read of it is its words.
pub(crate) struct Ink(Vec<Piece>);

enum Piece {
    Markup(&'static str),
    Geometry(String),
    Ours(&'static str),
    Name { raw: String, shown: String },
}

/// A piece of text in a picture.
pub(crate) enum VisibleWords<'i> {
    /// Our own.
    Ours(&'static str),
    /// Of the graph, in full.
    Name(&'i str),
}

impl Ink {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push(Piece::Markup(markup));
        self
    }

    /// An attribute of numbers: digits, and the letters of a path.
    pub(super) fn geometry(&mut self, attribute: &'static str, numbers: &[(&'static str, f64)]) -> &mut Self {
        let mut text = format!(" {attribute}=\"");
        for (before, number) in numbers {
            // Of one digit after the point, without the sign of nothing.
            let number = (number * 10.0).round() / 10.0 + 0.0;
            text.push_str(&format!("{before}{number}"));
        }
        text.push('"');
        self.0.push(Piece::Geometry(text));
        self
    }

    pub(super) fn ours(&mut self, words: &'static str) -> &mut Self {
        self.0.push(Piece::Ours(words));
        self
    }

    /// A name, as much of it as fits into that width at that size of letters.
    pub(super) fn name(&mut self, raw: &str, width: f64, size: f64) -> &mut Self {
        self.0.push(Piece::Name {
            raw: raw.to_owned(),
            shown: fit_name(raw, width / size),
        });
        self
    }

    /// Everything that can be read in it.
    pub(crate) fn visible_words(&self) -> impl Iterator<Item = VisibleWords<'_>> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Ours(words) => Some(VisibleWords::Ours(words)),
            Piece::Name { raw, .. } => Some(VisibleWords::Name(raw)),
            Piece::Markup(_) | Piece::Geometry(_) => None,
        })
    }

    /// As an element of a page.
    pub(crate) fn to_element(&self) -> String {
        let mut out = "<svg".to_owned();
        self.write_pieces(&mut out);
        out
    }

    /// As a document of its own.
    pub(crate) fn to_document(&self) -> String {
        let mut out = "<svg xmlns=\"http://www.w3.org/2000/svg\"".to_owned();
        self.write_pieces(&mut out);
        out
    }

    fn write_pieces(&self, out: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Markup(markup) => out.push_str(markup),
                Piece::Geometry(numbers) => out.push_str(numbers),
                Piece::Ours(words) => push_escaped(out, words),
                Piece::Name { shown, .. } => push_escaped(out, shown),
            }
        }
    }
}

fn push_escaped(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML cannot hold them.
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            letter => out.push(letter),
        }
    }
}

/// A name on one line, shortened to that many times the height of its letters.
fn fit_name(raw: &str, limit: f64) -> String {
    let mut out = String::new();
    let mut width = 0.0;
    // No line is as long as what is cut off here.
    let start: String = raw.chars().take(400).collect();
    for letter in printable(start.trim()).chars() {
        width += letter_width(letter);
        if width > limit {
            while out.ends_with(char::is_whitespace) {
                out.pop();
            }
            out.push('…');
            return out;
        }
        out.push(letter);
    }
    if out.is_empty() { "(blank)".to_owned() } else { out }
}

/// How broad a letter is, about, as a share of its height.
pub(super) fn letter_width(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | '(' | ')' | ' ' => 0.34,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.9,
        'A'..='Z' => 0.7,
        // Signs that fill a square, and emoji.
        '\u{1100}'..='\u{11FF}'
        | '\u{2E80}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FFEF}'
        | '\u{1F000}'.. => 1.1,
        _ => 0.58,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shortened_to_their_place() {
        assert_eq!(fit_name("body_mass_g", 10.0), "body_mass_g");
        assert_eq!(fit_name("body mass of adults", 5.5), "body mass…");
        assert_eq!(fit_name(" \n\t", 10.0), "(blank)");
        assert_eq!(fit_name("企鹅企鹅企鹅", 4.0), "企鹅企…");
    }

    #[test]
    fn numbers_are_short_and_never_minus_nothing() {
        let mut ink = Ink::new();
        ink.geometry("d", &[("M", -0.01), (",", 12.345), (" L", -3.0), (",", 0.25)]);
        assert_eq!(ink.to_element(), "<svg d=\"M0,12.3 L-3,0.3\"");
    }
}
