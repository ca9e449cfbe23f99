//! The report as one self-contained page: no script, no resource from elsewhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::report::citation::{EvidencePlace, LedgerCount};
use crate::report::document::{Block, Document, Line, LinkTarget, Piece, Span, Table, Tone, Verified};
use crate::science::Arm;

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(crate) fn document(document: &Document<Verified>) -> String {
    let mut page = Page(String::new());
    let title = document.title.shown();
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"Content-Security-Policy\" ");
    page.raw("content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n<title>");
    page.text(&title);
    page.raw("</title>\n<style>\n");
    page.raw(STYLE);
    page.raw("</style>\n</head>\n<body>\n<main>\n<p class=\"brand\">Kosmos report</p>\n<h1>");
    page.text(&title);
    page.raw("</h1>\n");
    let start = document
        .blocks
        .iter()
        .position(|block| matches!(block, Block::Heading { level: 2, .. }));
    let (head, body) = document.blocks.split_at(start.unwrap_or(document.blocks.len()));
    page.blocks(head);
    page.contents(body);
    page.blocks(body);
    page.raw("</main>\n</body>\n</html>\n");
    page.0
}

/// A page being written: markup only by [`Page::raw`], which takes our own literals, and everything else by
/// [`Page::text`], which escapes.
struct Page(String);

impl Page {
    fn raw(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Text or an attribute's value.
    fn text(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                letter => self.0.push(letter),
            }
        }
    }

    /// Links to the sections.
    fn contents(&mut self, blocks: &[Block<Verified>]) {
        self.raw("<nav aria-label=\"Sections\">");
        for block in blocks {
            if let Block::Heading { level: 2, anchor, line } = block {
                self.raw("<a href=\"#");
                self.text(anchor);
                self.raw("\">");
                self.line(line);
                self.raw("</a> ");
            }
        }
        self.raw("</nav>\n");
    }

    fn blocks(&mut self, blocks: &[Block<Verified>]) {
        blocks.iter().for_each(|block| self.block(block));
    }

    fn block(&mut self, block: &Block<Verified>) {
        match block {
            Block::Heading { level, anchor, line } => {
                let (open, close) = match level {
                    2 => ("<h2 id=\"", "</h2>\n"),
                    3 => ("<h3 id=\"", "</h3>\n"),
                    _ => ("<h4 id=\"", "</h4>\n"),
                };
                self.raw(open);
                self.text(anchor);
                self.raw("\">");
                self.line(line);
                self.raw(close);
            }
            Block::Paragraph(tone, line) => {
                self.raw("<p");
                self.class(*tone);
                self.raw(">");
                self.line(line);
                self.raw("</p>\n");
            }
            Block::List(points) => {
                self.raw("<ul>\n");
                for point in points {
                    self.raw("<li>");
                    self.line(point);
                    self.raw("</li>\n");
                }
                self.raw("</ul>\n");
            }
            Block::Table(table) => self.table(table),
            Block::Figure(picture) => {
                let mime = if picture.href().ends_with(".svg") {
                    "image/svg+xml"
                } else {
                    "image/png"
                };
                self.raw("<figure><img src=\"data:");
                self.raw(mime);
                self.raw(";base64,");
                STANDARD.encode_string(picture.bytes(), &mut self.0);
                self.raw("\" alt=\"");
                self.text(&picture.alt().shown());
                self.raw("\"></figure>\n");
            }
            Block::Drawing(drawn) => {
                self.raw("<figure class=\"drawing\">");
                // Its texts are escaped, as those of `text` are.
                self.0.push_str(drawn.element());
                self.raw("</figure>\n");
            }
            Block::Details { summary, blocks } => {
                self.raw("<details><summary>");
                self.line(summary);
                self.raw("</summary>\n");
                self.blocks(blocks);
                self.raw("</details>\n");
            }
            Block::Card(blocks) => {
                self.raw("<section class=\"card\">\n");
                self.blocks(blocks);
                self.raw("</section>\n");
            }
            Block::Either { html, .. } => self.blocks(html),
        }
    }

    /// A table; on a narrow screen the style makes a card of each row, for which each cell knows its heading.
    fn table(&mut self, table: &Table<Verified>) {
        self.raw("<div class=\"table\"><table>\n<thead><tr>");
        for (at, title) in table.head.iter().enumerate() {
            self.raw(if table.numeric.contains(&at) {
                "<th scope=\"col\" class=\"num\">"
            } else {
                "<th scope=\"col\">"
            });
            self.text(title);
            self.raw("</th>");
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.raw("<tr>");
            for (at, (cell, title)) in row.iter().zip(&table.head).enumerate() {
                self.raw(if table.numeric.contains(&at) {
                    "<td class=\"num\" data-head=\""
                } else {
                    "<td data-head=\""
                });
                self.text(title);
                self.raw("\"><span>");
                self.line(cell);
                self.raw("</span></td>");
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody>\n</table></div>\n");
    }

    fn line(&mut self, line: &Line<Verified>) {
        line.0.iter().for_each(|span| self.span(span));
    }

    fn span(&mut self, span: &Span<Verified>) {
        match span {
            Span::Text(text) => self.text(text),
            Span::Name(name) => {
                self.raw("<bdi>");
                self.text(&name.shown());
                self.raw("</bdi>");
            }
            Span::Code(pieces) => {
                self.raw("<code>");
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => self.text(text),
                        Piece::Name(name) => {
                            self.raw("<bdi>");
                            self.text(&name.shown());
                            self.raw("</bdi>");
                        }
                    }
                }
                self.raw("</code>");
            }
            Span::Number(shown) => {
                self.raw("<a class=\"n\" href=\"");
                self.text(shown.href());
                self.raw("\" title=\"");
                self.text(&describe_place(shown.place()));
                self.raw("\">");
                self.text(shown.text());
                self.raw("</a>");
            }
            Span::Strong(line) => {
                self.raw("<strong>");
                self.line(line);
                self.raw("</strong>");
            }
            Span::Badge(tone, name) => {
                self.raw("<span");
                self.class(*tone);
                self.raw("><bdi>");
                self.text(&name.shown());
                self.raw("</bdi></span>");
            }
            Span::Link(target, line) => {
                self.raw("<a href=\"");
                match target {
                    LinkTarget::Anchor(anchor) => {
                        self.raw("#");
                        self.text(anchor);
                    }
                    LinkTarget::File(path) => self.text(path),
                }
                self.raw("\">");
                self.line(line);
                self.raw("</a>");
            }
        }
    }

    fn class(&mut self, tone: Tone) {
        self.raw(match tone {
            Tone::Plain => "",
            Tone::Strong => " class=\"tone strong\"",
            Tone::Medium => " class=\"tone medium\"",
            Tone::Weak => " class=\"tone weak\"",
            Tone::Bad => " class=\"tone bad\"",
        });
    }
}

/// The place of a number's evidence in words.
fn describe_place(place: &EvidencePlace) -> String {
    match place {
        EvidencePlace::Result {
            experiment,
            line,
            pointer,
        } => format!("{experiment}, line {line}, {pointer}"),
        EvidencePlace::Verdict { line, hypothesis } => format!("ledger.jsonl, line {line}, q of {hypothesis}"),
        EvidencePlace::LedgerCount(count) => format!("ledger.jsonl, {}", describe_count(count)),
        EvidencePlace::Record { pointer, file } => format!("the run's record, {pointer}, told in {}", file.file_name()),
        EvidencePlace::Replicated => "findings.json, significant and replicated".to_owned(),
    }
}

fn describe_count(count: &LedgerCount) -> String {
    let arm = match count.arm {
        Arm::Observed => "observed data",
        Arm::Shuffled => "shuffled data",
    };
    let cycle = count.cycle.map(|cycle| format!(", cycle {cycle}")).unwrap_or_default();
    let kept = if count.significant { ", significant" } else { "" };
    format!("lines of event {}, {arm}{cycle}{kept}", count.event)
}
