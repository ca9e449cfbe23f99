//! The paths in a Rust file that lead out of its top-level module.

use std::collections::BTreeMap;

/// The crates of the workspace, as paths begin with them.
const CRATES: [&str; 3] = ["kosmos_core", "kosmos_sandbox", "kosmos_engine"];

/// Gives the top-level modules and crates that a file names, with the lines. `modules` is where the file is.
pub fn imports(modules: &[String], text: &str) -> Vec<(usize, String)> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    // Modules inside the file, each with the depth of braces at which it ends.
    let mut inner: Vec<(usize, String)> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while let Some((line, token)) = tokens.get(at) {
        let word = |place: usize| tokens.get(place).map_or("", |(_, token)| token.as_str());
        match token.as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inner.retain(|(end, _)| *end <= depth);
            }
            // Unit tests may set a scene with types from above.
            "cfg" if word(at + 2) == "test" && word(at + 5) == "mod" && word(at + 7) == "{" => {
                at = end_of_block(&tokens, at + 7);
                continue;
            }
            "mod" if word(at + 2) == "{" => {
                depth += 1;
                inner.push((depth, word(at + 1).to_owned()));
                at += 3;
                continue;
            }
            "crate" | "super" | "self" if word(at + 1) == "::" && (at == 0 || word(at - 1) != "::") => {
                let mut here = modules.to_vec();
                here.extend(inner.iter().map(|(_, name)| name.clone()));
                at = tree(&tokens, at, Some(here), &mut found);
                continue;
            }
            name if CRATES.contains(&name) && word(at + 1) == "::" && (at == 0 || word(at - 1) != "::") => {
                found.push((*line, name.replace('_', "-")));
            }
            _ => {}
        }
        at += 1;
    }
    found.sort();
    found.dedup();
    found
}

/// Gives the names and signs of a file, each with its line, without those of its unit tests.
pub fn tokens_without_tests(text: &str) -> Vec<(usize, String)> {
    let tokens = tokens(text);
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let word = |place: usize| tokens.get(place).map_or("", |(_, token)| token.as_str());
        if token.1 == "cfg" && word(at + 2) == "test" {
            let module = end_of_attributes(&tokens, at + 5);
            if word(module) == "mod" && word(module + 2) == "{" {
                at = end_of_block(&tokens, module + 2);
                continue;
            }
        }
        kept.push(token.clone());
        at += 1;
    }
    kept
}

/// Gives the place after the attributes that begin at `at`, such as `#[allow(dead_code)]`.
fn end_of_attributes(tokens: &[(usize, String)], mut at: usize) -> usize {
    let word = |place: usize| tokens.get(place).map_or("", |(_, token)| token.as_str());
    while word(at) == "#" && at < tokens.len() {
        while at < tokens.len() && word(at) != "]" {
            at += 1;
        }
        at += 1;
    }
    at
}

/// Gives the place after the block that opens at `at`.
fn end_of_block(tokens: &[(usize, String)], at: usize) -> usize {
    let mut depth = 0;
    for (place, (_, token)) in tokens.iter().enumerate().skip(at) {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place + 1;
        }
    }
    tokens.len()
}

/// Gives the names under which `lib.rs` shows crates, or modules of theirs, as its own, each with the crate.
pub fn aliases(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for own in CRATES {
        for statement in text.split(&format!("use {own}::")).skip(1) {
            let names = statement.split(';').next().unwrap_or_default();
            for name in names.trim_matches(['{', '}']).split(',') {
                let name = name.rsplit([' ', ':']).next().unwrap_or_default();
                found.insert(name.trim().to_owned(), own.replace('_', "-"));
            }
        }
    }
    found
}

/// Reads a path or a tree of paths from `at` on, beginning in the module `here`; gives the place after it. Where `here`
/// is the root, the next name is a top-level module; inside a module it is nothing to us.
fn tree(
    tokens: &[(usize, String)],
    mut at: usize,
    mut here: Option<Vec<String>>,
    found: &mut Vec<(usize, String)>,
) -> usize {
    while let Some((line, token)) = tokens.get(at) {
        match token.as_str() {
            "crate" => here = Some(Vec::new()),
            "self" => {}
            "super" => {
                if let Some(path) = &mut here {
                    path.pop();
                }
            }
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|(_, token)| token != "}") {
                    let before = at;
                    at = tree(tokens, at, here.clone(), found);
                    if tokens.get(at).is_some_and(|(_, token)| token == ",") || at == before {
                        at += 1;
                    }
                }
                return at + 1;
            }
            name if is_name(name) => {
                if here.as_ref().is_some_and(Vec::is_empty) && name.starts_with(char::is_lowercase) {
                    found.push((*line, name.to_owned()));
                }
                here = None;
            }
            _ => return at,
        }
        at += 1;
        match tokens.get(at).map(|(_, token)| token.as_str()) {
            Some("::") => at += 1,
            Some("as") => return at + 2,
            _ => return at,
        }
    }
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

/// Names, `::` and single signs, each with its line, without comments, texts and characters.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let letters: Vec<char> = text.chars().collect();
    let mut found: Vec<(usize, String)> = Vec::new();
    let (mut at, mut line) = (0, 1);
    let next = |place: usize| letters.get(place).copied().unwrap_or('\0');
    while at < letters.len() {
        let letter = letters[at];
        let start = at;
        if letter == '/' && next(at + 1) == '/' {
            while at < letters.len() && letters[at] != '\n' {
                at += 1;
            }
        } else if letter == '/' && next(at + 1) == '*' {
            at += 2;
            while at < letters.len() && !(letters[at] == '*' && next(at + 1) == '/') {
                at += 1;
            }
            at += 2;
        } else if letter == 'r' && matches!(next(at + 1), '"' | '#') && raw_text(&letters, at).is_some() {
            at = raw_text(&letters, at).unwrap();
        } else if letter == '"' {
            at += 1;
            while at < letters.len() && letters[at] != '"' {
                at += if letters[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if letter == '\'' && next(at + 1) == '\\' {
            at += 3;
            while at < letters.len() && letters[at] != '\'' {
                at += 1;
            }
            at += 1;
        } else if letter == '\'' && next(at + 2) == '\'' {
            at += 3;
        } else if letter.is_alphabetic() || letter == '_' {
            while next(at).is_alphanumeric() || next(at) == '_' {
                at += 1;
            }
            found.push((line, letters[start..at].iter().collect()));
        } else if letter == ':' && next(at + 1) == ':' {
            at += 2;
            found.push((line, "::".to_owned()));
        } else {
            at += 1;
            if !letter.is_whitespace() {
                found.push((line, letter.to_string()));
            }
        }
        line += letters[start..at.min(letters.len())]
            .iter()
            .filter(|letter| **letter == '\n')
            .count();
    }
    found
}

/// Gives the end of the raw text that begins here, if one does.
fn raw_text(letters: &[char], start: usize) -> Option<usize> {
    let signs = letters[start + 1..].iter().take_while(|letter| **letter == '#').count();
    let open = start + 1 + signs;
    if letters.get(open) != Some(&'"') {
        return None;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', signs)).collect();
    let end = (open + 1..letters.len()).find(|place| letters[*place..].starts_with(&close))?;
    Some(end + close.len())
}
