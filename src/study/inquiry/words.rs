//! A text as words: where they begin and end, and which forms are one word.

/// The most letters of a word that are compared.
const MOST_LETTERS: usize = 64;

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TokenKind {
    /// Letters.
    Word,
    /// A number and its value.
    Number(f64),
    /// A sign that separates or compares.
    Mark(char),
}

/// A word, a number or a sign of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// As it stands in the text.
    pub text: String,
    /// In small letters.
    pub lower: String,
    /// The singular.
    pub stem: String,
    /// What is left without endings: `smok` of `smoker`, `smoking` and `smokes`.
    pub root: String,
    /// Its kind.
    pub kind: TokenKind,
    /// Stands between backticks or double quotes.
    pub quoted: bool,
    /// Stands within this many brackets.
    pub depth: u32,
    /// Follows the token before it without a space, in a script without spaces.
    pub glued: bool,
}

impl Token {
    pub(super) fn is_mark(&self, sign: char) -> bool {
        self.kind == TokenKind::Mark(sign)
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self.kind {
            TokenKind::Number(value) => Some(value),
            _ => None,
        }
    }

    /// Returns true for a word or a number.
    pub(super) fn is_term(&self) -> bool {
        !matches!(self.kind, TokenKind::Mark(_))
    }
}

/// Splits a text into at most `most` tokens; gives them and the number of tokens left out.
pub(super) fn tokenize(text: &str, most: usize) -> (Vec<Token>, usize) {
    let letters: Vec<char> = text.chars().collect();
    let mut reader = Reader {
        letters: &letters,
        at: 0,
        tokens: Vec::new(),
        most,
        left_out: 0,
        quoted: None,
        depth: 0,
    };
    while reader.at < letters.len() {
        reader.read_one();
    }
    (reader.tokens, reader.left_out)
}

/// Gives the words and numbers of a name or a label.
pub(super) fn terms(text: &str, most: usize) -> Vec<Token> {
    let (mut tokens, _) = tokenize(text, most);
    tokens.retain(Token::is_term);
    tokens
}

struct Reader<'a> {
    letters: &'a [char],
    at: usize,
    tokens: Vec<Token>,
    most: usize,
    left_out: usize,
    quoted: Option<char>,
    depth: u32,
}

impl Reader<'_> {
    fn letter(&self, place: usize) -> char {
        self.letters.get(place).copied().unwrap_or('\0')
    }

    fn push(&mut self, start: usize, kind: TokenKind, glued: bool) {
        if self.tokens.len() >= self.most {
            self.left_out += usize::from(!matches!(kind, TokenKind::Mark(_)));
            return;
        }
        let text: String = self.letters.get(start..self.at).unwrap_or_default().iter().collect();
        let lower: String = text.to_lowercase().chars().take(MOST_LETTERS).collect();
        let (stem, root) = match kind {
            TokenKind::Word => (singular(&lower), root(&lower)),
            _ => (lower.clone(), lower.clone()),
        };
        self.tokens.push(Token {
            text,
            lower,
            stem,
            root,
            kind,
            quoted: self.quoted.is_some(),
            depth: self.depth,
            glued,
        });
    }

    fn read_one(&mut self) {
        let start = self.at;
        let letter = self.letter(start);
        if is_unspaced(letter) {
            self.at += 1;
            let glued = start > 0 && is_unspaced(self.letter(start - 1));
            self.push(start, TokenKind::Word, glued);
        } else if letter.is_ascii_digit() {
            self.read_number();
        } else if letter.is_alphanumeric() {
            self.read_word();
        } else {
            self.at += 1;
            self.read_mark(start, letter);
        }
    }

    fn read_word(&mut self) {
        let start = self.at;
        while self.letter(self.at).is_alphanumeric() && !is_unspaced(self.letter(self.at)) {
            let turns =
                self.at > start && self.letter(self.at).is_uppercase() && self.letter(self.at - 1).is_lowercase();
            if turns {
                break;
            }
            self.at += 1;
        }
        self.push(start, TokenKind::Word, false);
        // The owner's s.
        let apostrophe = matches!(self.letter(self.at), '\'' | '\u{2019}');
        if apostrophe && self.letter(self.at + 1) == 's' && !self.letter(self.at + 2).is_alphanumeric() {
            self.at += 2;
        }
    }

    fn read_number(&mut self) {
        let start = self.at;
        let mut digits = String::new();
        loop {
            let (letter, next) = (self.letter(self.at), self.letter(self.at + 1));
            match letter {
                '0'..='9' => digits.push(letter),
                '.' if next.is_ascii_digit() && !digits.contains('.') => digits.push('.'),
                ',' if next.is_ascii_digit() && self.is_group(self.at) => {}
                _ => break,
            }
            self.at += 1;
        }
        if self.letter(self.at).is_alphabetic() && !is_unspaced(self.letter(self.at)) {
            // `2nd`, `3d`: a word.
            while self.letter(self.at).is_alphanumeric() && !is_unspaced(self.letter(self.at)) {
                self.at += 1;
            }
            self.push(start, TokenKind::Word, false);
            return;
        }
        match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => self.push(start, TokenKind::Number(value), false),
            _ => self.push(start, TokenKind::Word, false),
        }
    }

    /// Returns true if exactly three digits follow the comma.
    fn is_group(&self, comma: usize) -> bool {
        (1..=3).all(|step| self.letter(comma + step).is_ascii_digit()) && !self.letter(comma + 4).is_ascii_digit()
    }

    fn read_mark(&mut self, start: usize, letter: char) {
        let sign = match letter {
            '\u{2013}' | '\u{2014}' => '-',
            '\u{ff1f}' | '\u{061f}' => '?',
            '\u{3002}' => '.',
            '\u{ff0c}' | '\u{3001}' => ',',
            '\u{ff08}' | '[' => '(',
            '\u{ff09}' | ']' => ')',
            other => other,
        };
        match sign {
            '`' | '"' | '\u{201c}' | '\u{201d}' => {
                self.quoted = match self.quoted {
                    None => Some(sign),
                    Some(_) => None,
                };
            }
            '(' => {
                self.push(start, TokenKind::Mark('('), false);
                self.depth = self.depth.saturating_add(1);
            }
            ')' => {
                self.depth = self.depth.saturating_sub(1);
                self.push(start, TokenKind::Mark(')'), false);
            }
            // A point inside of an abbreviation is no end.
            '.' if self.letter(self.at).is_alphanumeric() => {}
            ',' | '.' | ';' | ':' | '?' | '!' | '-' | '/' | '<' | '>' | '=' | '\u{2265}' | '\u{2264}' | '+' => {
                self.push(start, TokenKind::Mark(sign), false);
            }
            _ => {}
        }
    }
}

/// Returns true for letters of scripts that put no space between words.
fn is_unspaced(letter: char) -> bool {
    matches!(letter, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{2ffff}')
}

/// Plurals and past forms that no ending tells.
const IRREGULAR: [(&str, &str); 45] = [
    ("teeth", "tooth"),
    ("feet", "foot"),
    ("mice", "mouse"),
    ("men", "man"),
    ("women", "woman"),
    ("children", "child"),
    ("leaves", "leaf"),
    ("lives", "life"),
    ("people", "person"),
    ("indices", "index"),
    ("species", "species"),
    ("series", "series"),
    ("gas", "gas"),
    ("bias", "bias"),
    ("lens", "lens"),
    ("driven", "drive"),
    ("drove", "drive"),
    ("fell", "fall"),
    ("fallen", "fall"),
    ("rose", "rise"),
    ("risen", "rise"),
    ("grew", "grow"),
    ("grown", "grow"),
    ("led", "lead"),
    ("made", "make"),
    ("told", "tell"),
    ("went", "go"),
    ("gone", "go"),
    ("goes", "go"),
    ("hung", "hang"),
    ("brought", "bring"),
    ("gave", "give"),
    ("given", "give"),
    ("slept", "sleep"),
    ("spent", "spend"),
    ("paid", "pay"),
    ("sold", "sell"),
    ("bought", "buy"),
    ("drank", "drink"),
    ("drunk", "drink"),
    ("ate", "eat"),
    ("eaten", "eat"),
    ("ran", "run"),
    ("weighed", "weight"),
    ("weigh", "weight"),
];

/// Words of one meaning that no ending tells.
const RELATED: [(&[&str], &str); 2] = [
    (&["left", "leave", "leaving"], "leav"),
    (
        &["died", "dies", "dying", "dead", "death", "deaths", "mortality"],
        "death",
    ),
];

/// Gives one spelling for words that are spelt in two ways.
fn common_spelling(word: &str) -> String {
    for (ending, common) in [
        ("isation", "ization"),
        ("iser", "izer"),
        ("ised", "ized"),
        ("ising", "izing"),
        ("ise", "ize"),
        ("tre", "ter"),
        ("tres", "ters"),
        ("our", "or"),
        ("ours", "ors"),
        ("oured", "ored"),
    ] {
        if let Some(start) = word.strip_suffix(ending)
            && start.chars().count() > 2
        {
            return format!("{start}{common}");
        }
    }
    word.to_owned()
}

/// Gives the singular of a word in small letters.
pub(super) fn singular(word: &str) -> String {
    if let Some((_, single)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        return (*single).to_owned();
    }
    let word = common_spelling(word);
    let long = word.chars().count() > 3;
    if let Some(start) = word.strip_suffix("ies").filter(|_| word.chars().count() > 4) {
        return format!("{start}y");
    }
    for ending in ["sses", "xes", "ches", "shes", "zzes"] {
        if word.ends_with(ending) {
            return word.strip_suffix("es").unwrap_or(&word).to_owned();
        }
    }
    match word.strip_suffix('s') {
        Some(single) if long && !single.ends_with(['s', 'u', 'i']) => single.to_owned(),
        _ => word,
    }
}

const VOWELS: [char; 6] = ['a', 'e', 'i', 'o', 'u', 'y'];

/// Endings that make one word of another, longest first.
const ENDINGS: [&str; 36] = [
    "izations", "ization", "ational", "actions", "ations", "itions", "ically", "action", "ation", "ition", "ments",
    "ating", "ement", "ities", "ional", "ions", "ment", "ness", "ated", "ates", "ical", "ably", "ity", "ion", "ied",
    "ies", "ing", "ers", "ate", "ese", "ed", "er", "or", "al", "ly", "ic",
];

/// Gives what is left of a word in small letters without the endings that make one word of another.
pub(super) fn root(word: &str) -> String {
    if let Some((_, root)) = RELATED.iter().find(|(forms, _)| forms.contains(&word)) {
        return (*root).to_owned();
    }
    let single = singular(word);
    if !single.is_ascii() {
        return single;
    }
    // `conversion` of `convert`.
    if let Some(start) = single.strip_suffix("ersion") {
        return format!("{start}ert");
    }
    let mut left = single.as_str();
    for ending in ENDINGS {
        // `treated` is of `treat`, `educated` of `educate`.
        let least = if ending.starts_with("at") { 4 } else { 3 };
        let start = left
            .strip_suffix(ending)
            .filter(|start| start.len() >= least && start.contains(VOWELS));
        if let Some(start) = start {
            left = start;
            break;
        }
    }
    if left.len() > 4 {
        left = left.strip_suffix('e').or(left.strip_suffix('y')).unwrap_or(left);
    }
    let mut left = left.to_owned();
    // `run` of `running`.
    let mut tail = left.chars().rev();
    if let (Some(last), Some(before)) = (tail.next(), tail.next())
        && last == before
        && left.len() > 3
        && !"aeiouls".contains(last)
        && left.len() < single.len()
    {
        left.pop();
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower(text: &str) -> Vec<String> {
        tokenize(text, 100).0.into_iter().map(|token| token.lower).collect()
    }

    #[test]
    fn a_text_splits_at_case_signs_and_scripts() {
        assert_eq!(
            lower("bodyMass_g, Flipper-Length"),
            ["body", "mass", "g", ",", "flipper", "-", "length"]
        );
        assert_eq!(lower("the people's 1,250.5 kg"), ["the", "people", "1,250.5", "kg"]);
        assert_eq!(lower("收入 x"), ["收", "入", "x"]);
        assert_eq!(lower("co2 2nd"), ["co2", "2nd"]);
        let (tokens, left_out) = tokenize("a b c d", 2);
        assert_eq!((tokens.len(), left_out), (2, 2));
        let (tokens, _) = tokenize("1,250.5 1,2", 9);
        assert_eq!(tokens[0].number(), Some(1250.5));
        assert_eq!(tokens[1].number(), Some(1.0));
    }

    #[test]
    fn forms_of_one_word_have_one_stem_or_one_root() {
        for (form, single) in [
            ("lengths", "length"),
            ("mass", "mass"),
            ("species", "species"),
            ("countries", "country"),
            ("status", "status"),
            ("boxes", "box"),
            ("fertiliser", "fertilizer"),
            ("centre", "center"),
            ("colours", "color"),
        ] {
            assert_eq!(singular(form), single, "{form}");
        }
        for forms in [
            &["smoke", "smokes", "smoker", "smokers", "smoking", "smoked"][..],
            &["germination", "germinated", "germinate"],
            &["treat", "treated", "treatment", "treatments"],
            &["soak", "soaked", "soaking"],
            &["convert", "converted", "conversion"],
            &["satisfied", "satisfaction"],
            &["affect", "affects", "affected", "affecting"],
            &["japan", "japanese"],
            &["drive", "drives", "driven", "driving"],
            &["run", "running"],
        ] {
            let roots: std::collections::BTreeSet<String> = forms.iter().map(|form| root(form)).collect();
            assert_eq!(roots.len(), 1, "{forms:?}: {roots:?}");
        }
        for (one, other) in [("rate", "rat"), ("age", "agent"), ("price", "prior")] {
            assert_ne!(root(one), root(other));
        }
    }
}
