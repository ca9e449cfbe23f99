//! The report as one self-contained page: no script, no resource from elsewhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::document::{Block, Document, Line, LinkTarget, Piece, Span, Table, Tone, Verified};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(crate) fn render_html(document: &Document<Verified>) -> String {
    let mut page = Page(String::new());
    let title = document.title.shown();
    page.push_markup("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.push_markup(
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"Content-Security-Policy\" ",
    );
    page.push_markup("content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n<title>");
    page.push_text(&title);
    page.push_markup("</title>\n<style>\n");
    page.push_markup(STYLE);
    page.push_markup("</style>\n</head>\n<body>\n<main>\n<p class=\"brand\">Kosmos report</p>\n<h1>");
    page.push_text(&title);
    page.push_markup("</h1>\n");
    let start = document
        .blocks
        .iter()
        .position(|block| matches!(block, Block::Heading { level: 2, .. }));
    let (head, body) = document.blocks.split_at(start.unwrap_or(document.blocks.len()));
    page.write_blocks(head);
    page.write_contents(body);
    page.write_blocks(body);
    page.push_markup("</main>\n</body>\n</html>\n");
    page.0
}

/// A page being written: markup only by [`Page::raw`], which takes our own literals, and everything else by
/// [`Page::text`], which escapes.
struct Page(String);

impl Page {
    fn push_markup(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Text or an attribute's value.
    fn push_text(&mut self, text: &str) {
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
    fn write_contents(&mut self, blocks: &[Block<Verified>]) {
        self.push_markup("<nav aria-label=\"Sections\">");
        for block in blocks {
            if let Block::Heading { level: 2, anchor, line } = block {
                self.push_markup("<a href=\"#");
                self.push_text(anchor);
                self.push_markup("\">");
                self.write_line(line);
                self.push_markup("</a> ");
            }
        }
        self.push_markup("</nav>\n");
    }

    fn write_blocks(&mut self, blocks: &[Block<Verified>]) {
        blocks.iter().for_each(|block| self.write_block(block));
    }

    fn write_block(&mut self, block: &Block<Verified>) {
        match block {
            Block::Heading { level, anchor, line } => {
                let (open, close) = match level {
                    2 => ("<h2 id=\"", "</h2>\n"),
                    3 => ("<h3 id=\"", "</h3>\n"),
                    _ => ("<h4 id=\"", "</h4>\n"),
                };
                self.push_markup(open);
                self.push_text(anchor);
                self.push_markup("\">");
                self.write_line(line);
                self.push_markup(close);
            }
            Block::Paragraph(tone, line) => {
                self.push_markup("<p");
                self.write_tone_class(*tone);
                self.push_markup(">");
                self.write_line(line);
                self.push_markup("</p>\n");
            }
            Block::List(points) => {
                self.push_markup("<ul>\n");
                for point in points {
                    self.push_markup("<li>");
                    self.write_line(point);
                    self.push_markup("</li>\n");
                }
                self.push_markup("</ul>\n");
            }
            Block::Table(table) => self.write_table(table),
            Block::Figure(picture) => {
                let mime = if picture.href().ends_with(".svg") {
                    "image/svg+xml"
                } else {
                    "image/png"
                };
                self.push_markup("<figure><img src=\"data:");
                self.push_markup(mime);
                self.push_markup(";base64,");
                STANDARD.encode_string(picture.bytes(), &mut self.0);
                self.push_markup("\" alt=\"");
                self.push_text(&picture.alt().shown());
                self.push_markup("\"></figure>\n");
            }
            Block::Drawing(drawn) => {
                self.push_markup("<figure class=\"drawing\">");
                // Its texts are escaped, as those of `text` are.
                self.0.push_str(drawn.element());
                self.push_markup("</figure>\n");
            }
            Block::Details { summary, blocks } => {
                self.push_markup("<details><summary>");
                self.write_line(summary);
                self.push_markup("</summary>\n");
                self.write_blocks(blocks);
                self.push_markup("</details>\n");
            }
            Block::Card(blocks) => {
                self.push_markup("<section class=\"card\">\n");
                self.write_blocks(blocks);
                self.push_markup("</section>\n");
            }
            Block::Either { html, .. } => self.write_blocks(html),
        }
    }

    /// A table; on a narrow screen the style makes a card of each row, for which each cell knows its heading.
    fn write_table(&mut self, table: &Table<Verified>) {
        self.push_markup("<div class=\"table\"><table>\n<thead><tr>");
        for (at, title) in table.head.iter().enumerate() {
            self.push_markup(if table.numeric.contains(&at) {
                "<th scope=\"col\" class=\"num\">"
            } else {
                "<th scope=\"col\">"
            });
            self.push_text(title);
            self.push_markup("</th>");
        }
        self.push_markup("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.push_markup("<tr>");
            for (at, (cell, title)) in row.iter().zip(&table.head).enumerate() {
                self.push_markup(if table.numeric.contains(&at) {
                    "<td class=\"num\" data-head=\""
                } else {
                    "<td data-head=\""
                });
                self.push_text(title);
                self.push_markup("\"><span>");
                self.write_line(cell);
                self.push_markup("</span></td>");
            }
            self.push_markup("</tr>\n");
        }
        self.push_markup("</tbody>\n</table></div>\n");
    }

    fn write_line(&mut self, line: &Line<Verified>) {
        line.0.iter().for_each(|span| self.write_span(span));
    }

    fn write_span(&mut self, span: &Span<Verified>) {
        match span {
            Span::Text(text) => self.push_text(text),
            Span::Name(name) => {
                self.push_markup("<bdi>");
                self.push_text(&name.shown());
                self.push_markup("</bdi>");
            }
            Span::Code(pieces) => {
                self.push_markup("<code>");
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => self.push_text(text),
                        Piece::Name(name) => {
                            self.push_markup("<bdi>");
                            self.push_text(&name.shown());
                            self.push_markup("</bdi>");
                        }
                    }
                }
                self.push_markup("</code>");
            }
            Span::Number(shown) => {
                self.push_markup("<a class=\"n\" href=\"");
                self.push_text(shown.href());
                self.push_markup("\" title=\"");
                self.push_text(&shown.place().to_string());
                self.push_markup("\">");
                self.push_text(shown.text());
                self.push_markup("</a>");
            }
            Span::Strong(line) => {
                self.push_markup("<strong>");
                self.write_line(line);
                self.push_markup("</strong>");
            }
            Span::Badge(tone, name) => {
                self.push_markup("<span");
                self.write_tone_class(*tone);
                self.push_markup("><bdi>");
                self.push_text(&name.shown());
                self.push_markup("</bdi></span>");
            }
            Span::Link(target, line) => {
                self.push_markup("<a href=\"");
                match target {
                    LinkTarget::Anchor(anchor) => {
                        self.push_markup("#");
                        self.push_text(anchor);
                    }
                    LinkTarget::File(path) => self.push_text(path),
                }
                self.push_markup("\">");
                self.write_line(line);
                self.push_markup("</a>");
            }
        }
    }

    fn write_tone_class(&mut self, tone: Tone) {
        self.push_markup(match tone {
            Tone::Plain => "",
            Tone::Strong => " class=\"tone strong\"",
            Tone::Medium => " class=\"tone medium\"",
            Tone::Weak => " class=\"tone weak\"",
            Tone::Bad => " class=\"tone bad\"",
        });
    }
}
