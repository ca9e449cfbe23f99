//! Python source as tokens, so that two texts that differ in their form alone are known as one.

/// The tokens of Python code without what says nothing: comments, blank lines, documentation strings, spaces, the kind
/// of quotes, the width of indentation, line breaks inside brackets and the comma before a closing bracket.
///
/// Two texts with the same tokens do the same. The opposite does not hold: a renamed variable is another token.
pub fn python_tokens(code: &str) -> Vec<String> {
    let mut lexer = Lexer {
        letters: code.chars().collect(),
        ..Lexer::default()
    };
    lexer.read();
    without_documentation(lexer.tokens)
}

const NEW_LINE: &str = "\n";
const INDENT: &str = "\t+";
const DEDENT: &str = "\t-";

#[derive(Default)]
struct Lexer {
    letters: Vec<char>,
    at: usize,
    tokens: Vec<String>,
    /// Open brackets.
    depth: usize,
    /// Widths of the indentations around this line.
    indents: Vec<usize>,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at + ahead).copied()
    }

    fn read(&mut self) {
        self.start_line();
        while let Some(letter) = self.peek(0) {
            match letter {
                '#' => self.skip_comment(),
                '\n' => {
                    self.at += 1;
                    if self.depth == 0 {
                        self.end_line();
                        self.start_line();
                    }
                }
                '\\' if self.peek(1) == Some('\n') => self.at += 2,
                ';' if self.depth == 0 => {
                    self.at += 1;
                    self.end_line();
                }
                letter if letter.is_whitespace() => self.at += 1,
                '"' | '\'' => self.string(String::new()),
                letter if is_word(letter) => self.word(),
                letter => self.symbol(letter),
            }
        }
        self.end_line();
        self.dedent_to(0);
    }

    /// Reads the indentation of the next line that is not empty.
    fn start_line(&mut self) {
        let mut width = 0;
        while let Some(letter) = self.peek(0) {
            match letter {
                ' ' => width += 1,
                '\t' => width = (width / 8 + 1) * 8,
                '\r' | '\u{c}' => {}
                '\n' => width = 0,
                '#' => {
                    self.skip_comment();
                    continue;
                }
                _ => break,
            }
            self.at += 1;
        }
        if self.peek(0).is_none() {
            return;
        }
        self.dedent_to(width);
        if width > self.indents.last().copied().unwrap_or(0) {
            self.indents.push(width);
            self.tokens.push(INDENT.to_owned());
        }
    }

    fn dedent_to(&mut self, width: usize) {
        while self.indents.last().is_some_and(|last| *last > width) {
            self.indents.pop();
            self.tokens.push(DEDENT.to_owned());
        }
    }

    fn end_line(&mut self) {
        let last = self.tokens.last().map(String::as_str);
        if !matches!(last, None | Some(NEW_LINE | INDENT | DEDENT)) {
            self.tokens.push(NEW_LINE.to_owned());
        }
    }

    fn skip_comment(&mut self) {
        while self.peek(0).is_some_and(|letter| letter != '\n') {
            self.at += 1;
        }
    }

    fn word(&mut self) {
        let mut word = String::new();
        while let Some(letter) = self.peek(0).filter(|letter| is_word(*letter)) {
            word.push(letter);
            self.at += 1;
        }
        let prefix = word.to_ascii_lowercase();
        let is_prefix = matches!(
            prefix.as_str(),
            "r" | "b" | "u" | "f" | "t" | "rb" | "br" | "rf" | "fr" | "rt" | "tr"
        );
        match self.peek(0) {
            Some('"' | '\'') if is_prefix => self.string(prefix.replace('u', "")),
            _ => self.tokens.push(word),
        }
    }

    fn symbol(&mut self, letter: char) {
        self.at += 1;
        match letter {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => {
                self.depth = self.depth.saturating_sub(1);
                if self.tokens.last().is_some_and(|last| last == ",") {
                    self.tokens.pop();
                }
            }
            _ => {}
        }
        self.tokens.push(letter.to_string());
    }

    /// A string literal; `at` is its first quote.
    fn string(&mut self, prefix: String) {
        let quote = self.peek(0).unwrap_or('"');
        let triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        let length = if triple { 3 } else { 1 };
        self.at += length;
        let mut token = format!("'{prefix}'");
        while let Some(letter) = self.peek(0) {
            let closes = (0..length).all(|ahead| self.peek(ahead) == Some(quote));
            if closes {
                self.at += length;
                break;
            }
            if letter == '\n' && !triple {
                break;
            }
            token.push(letter);
            self.at += 1;
            if letter == '\\' {
                token.extend(self.peek(0));
                self.at += 1;
            }
        }
        self.tokens.push(token);
    }
}

fn is_word(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}

/// Without strings that are a whole statement.
fn without_documentation(tokens: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let begins = matches!(kept.last().map(String::as_str), None | Some(NEW_LINE | INDENT | DEDENT));
        let ends = tokens.peek().is_some_and(|next| next == NEW_LINE);
        if begins && ends && token.starts_with('\'') {
            tokens.next();
        } else {
            kept.push(token);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "def analyse(table):\n    rows = complete(table, \"a\", \"b\")\n    if len(rows) > 3:\n        \
                         return {\"n\": len(rows), \"p\": 0.5}\n    return {}\n";

    #[test]
    fn the_form_alone_is_no_difference() {
        for other in [
            "def analyse(table):\n\n    # As the protocol says.\n    rows = complete(table, 'a', 'b')\n    if len(rows) > 3:\n        return {'n': len(rows), 'p': 0.5}\n    return {}",
            "def analyse( table ):\n  \"\"\"The correlation\n  of two.\"\"\"\n  rows=complete(table,\"a\",\n    \"b\",\n  )\n  if len(rows)>3:\n      return {\"n\":len(rows),\n\"p\":0.5}\n  return {}",
            "def analyse(table):\r\n\trows = complete(table, \\\n\"a\", \"b\"); \r\n\tif len(rows) > 3:\r\n\t\treturn {u\"n\": len(rows), \"p\": 0.5,}\r\n\treturn {}\r\n\r\n",
        ] {
            assert_eq!(python_tokens(other), python_tokens(PLAIN), "{other}");
        }
    }

    #[test]
    fn another_text_is_one() {
        for (from, to) in [
            ("\"a\"", "\"c\""),
            ("\"a\"", "r\"a\""),
            ("0.5", "0.4"),
            ("rows", "kept"),
            ("        return {\"n\"", "    return {\"n\""),
            ("\"a\", \"b\"", "\"a, b\""),
            ("> 3", ">= 3"),
            ("\"p\": 0.5", "\"p\": \"0.5\""),
        ] {
            let other = PLAIN.replace(from, to);
            assert_ne!(other, PLAIN);
            assert_ne!(python_tokens(&other), python_tokens(PLAIN), "{other}");
        }
    }

    #[test]
    fn what_is_no_python_ends() {
        for code in [
            "\"",
            "'''",
            "\\",
            "((((",
            "))))",
            "f\"{",
            "\u{0}",
            "  ",
            "x = 'a\ny = \"\\",
        ] {
            assert!(python_tokens(code).len() < 9, "{code:?}");
        }
    }
}
