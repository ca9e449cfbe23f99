//! The report in GitHub's markdown.

use super::document::{Block, Document, Line, LinkTarget, Piece, Span, Table, Verified};

/// The whole document.
pub(crate) fn render_markdown(document: &Document<Verified>) -> String {
    let mut out = format!("# {}\n", escape_markdown(&document.title.shown()));
    out.push_str(&render_blocks(&document.blocks));
    out
}

/// Blocks, each after an empty line.
pub(crate) fn render_blocks(blocks: &[Block<Verified>]) -> String {
    let mut out = String::new();
    for each in blocks {
        write_block(&mut out, each);
    }
    out
}

fn write_block(out: &mut String, each: &Block<Verified>) {
    match each {
        Block::Heading { level, anchor, line } => {
            let marks = "#".repeat(usize::from(*level));
            out.push_str(&format!("\n<a id=\"{anchor}\"></a>\n\n{marks} {}\n", render_line(line)));
        }
        Block::Paragraph(_, line) => out.push_str(&format!("\n{}\n", render_line(line))),
        Block::List(points) => {
            out.push('\n');
            for point in points {
                out.push_str(&format!("- {}\n", render_line(point)));
            }
        }
        Block::Table(each) => write_table(out, each),
        Block::Figure(picture) => {
            out.push_str(&format!(
                "\n![{}]({})\n",
                escape_markdown(&picture.alt().shown()),
                picture.href()
            ));
        }
        Block::Drawing(_) => {}
        Block::Details { summary, blocks } => {
            out.push_str(&format!("\n**{}**\n", render_line(summary)));
            blocks.iter().for_each(|each| write_block(out, each));
        }
        Block::Card(blocks) => blocks.iter().for_each(|each| write_block(out, each)),
        Block::Either { markdown, .. } => markdown.iter().for_each(|each| write_block(out, each)),
    }
}

fn write_table(out: &mut String, table: &Table<Verified>) {
    let rules = (0..table.head.len()).map(|at| if table.numeric.contains(&at) { "---:" } else { "---" });
    let head = table.head.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>();
    out.push_str(&format!("\n| {} |\n", head.join(" | ")));
    out.push_str(&format!("| {} |\n", rules.collect::<Vec<_>>().join(" | ")));
    for row in &table.rows {
        let cells = row.iter().map(render_line).collect::<Vec<_>>();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
}

/// A line; safe in a table's cell too.
pub(crate) fn render_line(line: &Line<Verified>) -> String {
    let mut out = String::new();
    for span in &line.0 {
        match span {
            Span::Text(text) => out.push_str(text),
            Span::Name(name) => out.push_str(&escape_markdown(&name.shown())),
            Span::Code(pieces) => out.push_str(&code_span(pieces)),
            Span::Number(shown) => out.push_str(&format!("[{}]({})", escape_markdown(shown.text()), shown.href())),
            Span::Strong(line) => out.push_str(&format!("**{}**", render_line(line))),
            Span::Badge(_, name) => out.push_str(&format!("**{}**", escape_markdown(&name.shown()))),
            Span::Link(LinkTarget::Anchor(anchor), line) => {
                out.push_str(&format!("[{}](#{anchor})", render_line(line)))
            }
            Span::Link(LinkTarget::File(path), line) => {
                out.push_str(&format!("[{}](<{}>)", render_line(line), angle_path(path)))
            }
        }
    }
    // A line must not begin as a list, quote or rule does.
    match out.chars().next() {
        Some(first) if "+-=>#".contains(first) => format!("\\{out}"),
        _ => out,
    }
}

/// A path between angle brackets.
fn angle_path(path: &str) -> String {
    path.replace('<', "%3C")
        .replace('>', "%3E")
        .replace('\\', "%5C")
        .replace('|', "%7C")
        .replace(char::is_control, "")
}

/// Prose that is not ours, with everything escaped that markdown gives a meaning.
fn escape_markdown(raw: &str) -> String {
    let mut out = String::new();
    for (index, letter) in raw.char_indices() {
        let rest = raw.get(index..).unwrap_or_default();
        let before = raw.get(..index).unwrap_or_default();
        let active = match letter {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '$' | '@' | '!' => true,
            // Inside a word an underscore is only that; `&` begins an entity only with a letter or `#`.
            '_' => {
                !(before.ends_with(char::is_alphanumeric)
                    && rest
                        .get(1..)
                        .is_some_and(|next| next.starts_with(char::is_alphanumeric)))
            }
            '&' => !rest.starts_with("& "),
            ':' => rest.starts_with("://"),
            '.' => before.to_ascii_lowercase().ends_with("www"),
            ')' | '+' | '-' | '=' => index == 0,
            _ => false,
        };
        let ends = rest
            .get(1..)
            .is_none_or(|next| next.is_empty() || next.starts_with(' '));
        let numbered =
            index > 0 && ends && matches!(letter, '.' | ')') && before.chars().all(|each| each.is_ascii_digit());
        if active || numbered {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// A code span that no backtick inside can end.
fn code_span(pieces: &[Piece]) -> String {
    let mut inner = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => inner.push_str(text),
            Piece::Name(name) => inner.push_str(&name.shown()),
        }
    }
    let longest = inner.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if inner.starts_with(['`', ' ']) || inner.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    // In a table a bar ends the cell even inside a code span; elsewhere the backslash would be seen.
    format!("{fence}{pad}{}{pad}{fence}", inner.replace('|', "¦"))
}

#[cfg(test)]
mod tests {
    use super::super::name::Name;
    use super::*;

    #[test]
    fn prose_that_is_not_ours_is_inert() {
        let cases = [
            ("body_mass", "body_mass"),
            ("_a_ *b*", "\\_a\\_ \\*b\\*"),
            ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
            ("a|b", "a\\|b"),
            ("[x](http://e.vil)", "\\[x\\](http\\://e.vil)"),
            ("www.e.vil", "www\\.e.vil"),
            ("1. one", "1\\. one"),
            ("0.871", "0.871"),
            ("- dash", "\\- dash"),
            ("AT&T &amp;", "AT\\&T \\&amp;"),
            ("R & D", "R & D"),
        ];
        for (raw, expected) in cases {
            assert_eq!(escape_markdown(raw), expected, "{raw}");
        }
    }

    #[test]
    fn no_backtick_ends_a_code_span() {
        let span = |raw: &str| code_span(&[Piece::Name(Name::new(raw))]);
        assert_eq!(span("a"), "`a`");
        assert_eq!(span("a``b"), "```a``b```");
        assert_eq!(span("`a"), "`` `a ``");
        assert_eq!(span("a|b\nc"), "`a¦b c`");
    }
}
