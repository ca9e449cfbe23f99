//! A script that stands alone: what it is, its protocol, the parts it needs, its template.

use super::{
    literal::python_literal,
    templates::{TemplateError, Templates},
};
use crate::science::Protocol;

/// The text of the script for `protocol`. The same protocol always gives the same text.
pub(super) fn assemble_script(templates: &Templates, protocol: &Protocol) -> Result<String, TemplateError> {
    let parts = templates.script_parts(&protocol.template)?;
    Ok(assemble_standalone(
        protocol,
        "Written by Kosmos.",
        parts.iter().map(String::as_str),
    ))
}

/// A script of these parts, with the protocol at its head; `by` says in a sentence who wrote it.
pub(crate) fn assemble_standalone<'p>(
    protocol: &Protocol,
    by: &str,
    parts: impl IntoIterator<Item = &'p str>,
) -> String {
    let mut script = String::new();
    script.push_str("# ");
    script.push_str(&one_line(&protocol.title));
    script.push_str("\n# ");
    script.push_str(&one_line(by));
    script.push_str(" To run it again, copy this folder to a place beside it, so that ../ still leads to the table,\n# and there: python script.py (with the packages that the report lists)\n\nPROTOCOL = ");
    script.push_str(&python_literal(&protocol.parameters));
    script.push('\n');
    for part in parts {
        script.push_str("\n\n");
        script.push_str(part.trim_end());
        script.push('\n');
    }
    script
}

/// Names are anybody's text; a comment must stay one line.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter.is_control() || is_separator(letter) {
                ' '
            } else {
                letter
            }
        })
        .collect()
}

fn is_separator(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{85}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_cannot_leave_its_comment() {
        assert_eq!(one_line("a\nimport os\r\u{2028}b"), "a import os  b");
    }
}
