//! The legend: the meaning of the picture's lines, and notes on omitted content.

use super::{
    choose::{PictureContents, Sign},
    draw::{WIDTH, draw_sign, sign_class, stroke_class},
    ink::{Ink, letter_width},
    layout::Point,
    wording::PictureWording,
};

/// Of the legend's letters.
const LETTERS: f64 = 13.0;

/// An entry of the legend.
pub enum LegendEntry {
    Sign(Sign),
    Replicated(bool),
    Grey,
}

impl LegendEntry {
    fn words(&self, wording: &PictureWording) -> &'static str {
        match self {
            Self::Sign(sign) => wording.of_sign(*sign),
            Self::Replicated(replicated) => wording.of_replication(*replicated),
            Self::Grey => wording.not_found,
        }
    }

    pub fn width(&self, wording: &PictureWording) -> f64 {
        62.0 + LETTERS * self.words(wording).chars().map(letter_width).sum::<f64>()
    }

    pub fn draw(&self, ink: &mut Ink, at: Point, wording: &PictureWording) {
        ink.markup("<path class=\"");
        match self {
            Self::Sign(sign) => ink
                .markup("kp-line kp-key ")
                .markup(sign_class(*sign))
                .markup(" kp-solid\""),
            Self::Replicated(replicated) => ink.markup("kp-line kp-key kp-unsaid").markup(stroke_class(*replicated)),
            Self::Grey => ink.markup("kp-grey\""),
        };
        ink.geometry("d", &[("M", at.x), (" ", at.y), ("h", 34.0)]).markup("/>");
        if let Self::Sign(of) = self {
            draw_sign(
                ink,
                *of,
                Point {
                    x: at.x + 17.0,
                    y: at.y,
                },
            );
        }
        ink.markup("<text class=\"kp-word\"")
            .geometry("x", &[("", at.x + 41.0)])
            .geometry("y", &[("", at.y + 4.5)]);
        ink.markup(">").ours(self.words(wording)).markup("</text>\n");
    }
}

/// Gives the entries for the lines that the picture has.
pub fn legend_entries(chosen: &PictureContents) -> Vec<LegendEntry> {
    let signs = [Sign::Plus, Sign::Minus, Sign::Level, Sign::Unsaid].into_iter();
    let signs = signs
        .filter(|sign| chosen.lines.iter().any(|line| line.sign == *sign))
        .map(LegendEntry::Sign);
    let styles = [true, false].into_iter();
    let styles = styles.filter(|style| chosen.lines.iter().any(|line| line.replicated == *style));
    let grey = (!chosen.grey.is_empty()).then_some(LegendEntry::Grey);
    signs.chain(styles.map(LegendEntry::Replicated)).chain(grey).collect()
}

/// Entries in rows that fit.
pub fn legend_rows<'e>(entries: &'e [LegendEntry], wording: &PictureWording) -> Vec<&'e [LegendEntry]> {
    let mut rows = Vec::new();
    let mut rest = entries;
    while !rest.is_empty() {
        let mut width = 0.0;
        let fits = rest.iter().take_while(|entry| {
            width += entry.width(wording);
            width < WIDTH - 20.0
        });
        let (row, after) = rest.split_at_checked(fits.count().max(1)).unwrap_or((rest, &[]));
        rows.push(row);
        rest = after;
    }
    rows
}

/// Gives notes on the content that the picture omits.
pub fn legend_notes(chosen: &PictureContents, wording: &PictureWording) -> Vec<&'static str> {
    let mut notes = Vec::new();
    notes.extend(chosen.variables_left_out.then_some(wording.variables_left_out));
    notes.extend(chosen.lines_left_out.then_some(wording.lines_left_out));
    notes.extend(chosen.grey_left_out.then_some(wording.grey_left_out));
    notes
}
