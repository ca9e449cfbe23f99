//! The report in GitHub's markdown.

use crate::report::document::{Block, Document, Line, LinkTarget, Piece, Span, Table, Verified};

/// The whole document.
pub(crate) fn document(document: &Document<Verified>) -> String {
    let mut out = format!("# {}\n", escape(&document.title.shown()));
    out.push_str(&blocks(&document.blocks));
    out
}

/// Blocks, each after an empty line.
pub(crate) fn blocks(blocks: &[Block<Verified>]) -> String {
    let mut out = String::new();
    for each in blocks {
        block(&mut out, each);
    }
    out
}

fn block(out: &mut String, each: &Block<Verified>) {
    match each {
        Block::Heading { level, anchor, line } => {
            let marks = "#".repeat(usize::from(*level));
            out.push_str(&format!("\n<a id=\"{anchor}\"></a>\n\n{marks} {}\n", text(line)));
        }
        Block::Paragraph(_, line) => out.push_str(&format!("\n{}\n", text(line))),
        Block::List(points) => {
            out.push('\n');
            for point in points {
                out.push_str(&format!("- {}\n", text(point)));
            }
        }
        Block::Table(each) => table(out, each),
        Block::Figure(picture) => {
            out.push_str(&format!(
                "\n![{}]({})\n",
                escape(&picture.alt().shown()),
                picture.href()
            ));
        }
        Block::Drawing(_) => {}
        Block::Details { summary, blocks } => {
            out.push_str(&format!("\n**{}**\n", text(summary)));
            blocks.iter().for_each(|each| block(out, each));
        }
        Block::Card(blocks) => blocks.iter().for_each(|each| block(out, each)),
        Block::Either { markdown, .. } => markdown.iter().for_each(|each| block(out, each)),
    }
}

fn table(out: &mut String, table: &Table<Verified>) {
    let rules = (0..table.head.len()).map(|at| if table.numeric.contains(&at) { "---:" } else { "---" });
    let head = table.head.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>();
    out.push_str(&format!("\n| {} |\n", head.join(" | ")));
    out.push_str(&format!("| {} |\n", rules.collect::<Vec<_>>().join(" | ")));
    for row in &table.rows {
        let cells = row.iter().map(text).collect::<Vec<_>>();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
}

/// A line; safe in a table's cell too.
pub(crate) fn text(line: &Line<Verified>) -> String {
    let mut out = String::new();
    for span in &line.0 {
        match span {
            Span::Text(text) => out.push_str(text),
            Span::Name(name) => out.push_str(&escape(&name.shown())),
            Span::Code(pieces) => out.push_str(&code(pieces)),
            Span::Number(shown) => out.push_str(&format!("[{}]({})", escape(shown.text()), shown.href())),
            Span::Strong(line) => out.push_str(&format!("**{}**", text(line))),
            Span::Badge(_, name) => out.push_str(&format!("**{}**", escape(&name.shown()))),
            Span::Link(LinkTarget::Anchor(anchor), line) => out.push_str(&format!("[{}](#{anchor})", text(line))),
            Span::Link(LinkTarget::File(path), line) => out.push_str(&format!("[{}](<{}>)", text(line), angled(path))),
        }
    }
    // A line must not begin as a list, quote or rule does.
    match out.chars().next() {
        Some(first) if "+-=>#".contains(first) => format!("\\{out}"),
        _ => out,
    }
}

/// A path between angle brackets.
fn angled(path: &str) -> String {
    path.replace('<', "%3C")
        .replace('>', "%3E")
        .replace('\\', "%5C")
        .replace('|', "%7C")
        .replace(char::is_control, "")
}

/// Prose that is not ours, with everything escaped that markdown gives a meaning.
fn escape(raw: &str) -> String {
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
fn code(pieces: &[Piece]) -> String {
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
