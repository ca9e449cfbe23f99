//! What the picture's lines mean, and what is not in it.

use super::{
    choose::{PictureContent, Sign},
    draw::{WIDTH, css_class, draw_sign, stroke_class},
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
        ink.push_markup("<path class=\"");
        match self {
            Self::Sign(sign) => ink
                .push_markup("kp-line kp-key ")
                .push_markup(css_class(*sign))
                .push_markup(" kp-solid\""),
            Self::Replicated(replicated) => ink
                .push_markup("kp-line kp-key kp-unsaid")
                .push_markup(stroke_class(*replicated)),
            Self::Grey => ink.push_markup("kp-grey\""),
        };
        ink.push_numbers("d", &[("M", at.x), (" ", at.y), ("h", 34.0)])
            .push_markup("/>");
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
        ink.push_markup("<text class=\"kp-word\"")
            .push_numbers("x", &[("", at.x + 41.0)])
            .push_numbers("y", &[("", at.y + 4.5)]);
        ink.push_markup(">")
            .push_own_text(self.words(wording))
            .push_markup("</text>\n");
    }
}

/// What there is in the picture.
pub fn legend_entries(chosen: &PictureContent) -> Vec<LegendEntry> {
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

/// What is not in the picture.
pub fn legend_notes(chosen: &PictureContent, wording: &PictureWording) -> Vec<&'static str> {
    let mut notes = Vec::new();
    notes.extend(chosen.variables_left_out.then_some(wording.variables_left_out));
    notes.extend(chosen.lines_left_out.then_some(wording.lines_left_out));
    notes.extend(chosen.grey_left_out.then_some(wording.grey_left_out));
    notes
}
