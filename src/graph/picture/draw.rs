//! The picture's lines, names and legend.

use std::collections::{HashMap, HashSet};

use super::{
    choose::{PictureContents, PictureLine, Sign},
    ink::Ink,
    layout::{Point, order_around_circle, places_on_oval},
    legend::{legend_entries, legend_notes, legend_rows},
    wording::PictureWording,
};

const STYLE: &str = include_str!("picture.css");

/// Of the picture.
pub const WIDTH: f64 = 800.0;
/// Above and below the oval.
const MARGIN: f64 = 26.0;
/// Of a name's letters.
const LETTERS: f64 = 14.0;
/// Of a line of the legend.
const ROW: f64 = 24.0;
/// Lines above which no sign is drawn on them.
const SIGNED: usize = 45;

pub fn draw_picture(chosen: &PictureContents, wording: &PictureWording) -> Ink {
    let pairs: Vec<(usize, usize)> = chosen
        .lines
        .iter()
        .map(|line| line.ends)
        .collect::<HashSet<_>>()
        .into_iter()
        .collect();
    let mut pairs = pairs;
    pairs.sort_unstable();
    let order = order_around_circle(chosen.names.len(), &pairs);
    let (places, oval) = places_on_oval(chosen.names.len());
    let middle = Point {
        x: WIDTH / 2.0,
        y: MARGIN + oval / 2.0,
    };
    let on_page = |place: Point| Point {
        x: middle.x + place.x,
        y: middle.y + place.y,
    };
    let at: HashMap<usize, Point> = order.into_iter().zip(places.into_iter().map(on_page)).collect();
    let entries = legend_entries(chosen);
    let rows = legend_rows(&entries, wording);
    let notes = legend_notes(chosen, wording);
    let legend = 2.0 * MARGIN + oval + 18.0;
    let height = legend + ROW * (rows.len() + notes.len()) as f64 + 8.0;

    let mut ink = Ink::new();
    ink.markup(" class=\"kp\" role=\"img\" aria-labelledby=\"kp-title kp-desc\"");
    ink.geometry("viewBox", &[("", 0.0), (" ", 0.0), (" ", WIDTH), (" ", height)]);
    ink.geometry("width", &[("", WIDTH)])
        .geometry("height", &[("", height)]);
    ink.markup(">\n<title id=\"kp-title\">").ours(wording.title);
    ink.markup("</title>\n<desc id=\"kp-desc\">");
    draw_description(&mut ink, chosen, wording);
    ink.markup("</desc>\n<style>\n")
        .markup(STYLE)
        .markup("</style>\n<rect class=\"kp-paper\" width=\"100%\" height=\"100%\"/>\n");
    let curve = |ends: (usize, usize), aside: f64| {
        let (a, b) = (at.get(&ends.0)?, at.get(&ends.1)?);
        Some(Curve::between(*a, *b, middle, aside))
    };
    for &ends in &chosen.grey {
        if let Some(curve) = curve(ends, 0.0) {
            ink.markup("<path class=\"kp-grey\"");
            curve.draw_path(&mut ink).markup("/>\n");
        }
    }
    for (aside, line) in spread_lines(&chosen.lines) {
        if let Some(curve) = curve(line.ends, aside) {
            draw_finding_links(&mut ink, chosen, line, &curve, wording);
        }
    }
    for (index, name) in chosen.names.iter().enumerate() {
        let joined = chosen
            .lines
            .iter()
            .filter(|line| line.ends.0 == index || line.ends.1 == index);
        if let Some(point) = at.get(&index) {
            draw_variable(&mut ink, name, *point, middle, joined.count());
        }
    }
    let mut y = legend;
    for row in rows {
        let mut x = (WIDTH - row.iter().map(|entry| entry.width(wording)).sum::<f64>()) / 2.0;
        for entry in row {
            entry.draw(&mut ink, Point { x, y }, wording);
            x += entry.width(wording);
        }
        y += ROW;
    }
    for note in notes {
        ink.markup("<text class=\"kp-note\"")
            .geometry("x", &[("", middle.x)])
            .geometry("y", &[("", y + 4.0)]);
        ink.markup(">").ours(note).markup("</text>\n");
        y += ROW;
    }
    ink.markup("</svg>\n");
    ink
}

/// For those who cannot see it.
fn draw_description(ink: &mut Ink, chosen: &PictureContents, wording: &PictureWording) {
    for line in &chosen.lines {
        describe_line(ink, chosen, line, wording);
        ink.ours(". ");
    }
    for note in legend_notes(chosen, wording) {
        ink.ours(note);
    }
}

fn describe_line(ink: &mut Ink, chosen: &PictureContents, line: &PictureLine, wording: &PictureWording) {
    let name = |index: usize| chosen.names.get(index).map(String::as_str).unwrap_or_default();
    ink.name(name(line.ends.0), 1e3, LETTERS)
        .ours(wording.and)
        .name(name(line.ends.1), 1e3, LETTERS);
    ink.ours(": ").ours(wording.of_sign(line.sign));
    for (at, level) in line.levels.iter().take(3).enumerate() {
        ink.ours(if at == 0 { wording.more_in } else { ", " })
            .name(level, 1e3, LETTERS);
    }
    ink.ours(", ").ours(wording.of_replication(line.replicated));
}

/// Lines of one pair side by side.
fn spread_lines(lines: &[PictureLine]) -> Vec<(f64, &PictureLine)> {
    let mut out = Vec::new();
    for pair in lines.chunk_by(|a, b| a.ends == b.ends) {
        let middle = (pair.len() - 1) as f64 / 2.0;
        out.extend(
            pair.iter()
                .enumerate()
                .map(|(at, line)| ((at as f64 - middle) * 36.0, line)),
        );
    }
    // The certain ones on top.
    out.sort_by_key(|(_, line)| line.replicated);
    out
}

/// A line that bends towards the middle.
struct Curve([Point; 3]);

impl Curve {
    fn between(a: Point, b: Point, middle: Point, aside: f64) -> Self {
        let half = Point {
            x: (a.x + b.x) / 2.0,
            y: (a.y + b.y) / 2.0,
        };
        let length = ((b.x - a.x).powi(2) + (b.y - a.y).powi(2)).sqrt().max(1.0);
        let inwards = ((middle.x - half.x).powi(2) + (middle.y - half.y).powi(2))
            .sqrt()
            .max(1.0);
        // As far as its length allows: neighbours need no detour.
        let pull = ((0.45 * length + 14.0) / inwards).min(0.5);
        let aside = aside.clamp(-0.3 * length, 0.3 * length) / length;
        let bend = Point {
            x: half.x + (middle.x - half.x) * pull + (b.y - a.y) * aside,
            y: half.y + (middle.y - half.y) * pull - (b.x - a.x) * aside,
        };
        Self([a, bend, b])
    }

    fn draw_path<'i>(&self, ink: &'i mut Ink) -> &'i mut Ink {
        let [a, bend, b] = self.0;
        let numbers = [
            ("M", a.x),
            (" ", a.y),
            (" Q", bend.x),
            (" ", bend.y),
            (" ", b.x),
            (" ", b.y),
        ];
        ink.geometry("d", &numbers)
    }

    fn midpoint(&self) -> Point {
        let [a, bend, b] = self.0;
        Point {
            x: (a.x + 2.0 * bend.x + b.x) / 4.0,
            y: (a.y + 2.0 * bend.y + b.y) / 4.0,
        }
    }
}

/// The class of a line's sign.
pub fn sign_class(sign: Sign) -> &'static str {
    match sign {
        Sign::Plus => "kp-plus",
        Sign::Minus => "kp-minus",
        Sign::Level => "kp-level",
        Sign::Unsaid => "kp-unsaid",
    }
}

pub fn stroke_class(replicated: bool) -> &'static str {
    if replicated { " kp-solid\"" } else { " kp-broken\"" }
}

fn draw_finding_links(
    ink: &mut Ink,
    chosen: &PictureContents,
    line: &PictureLine,
    curve: &Curve,
    wording: &PictureWording,
) {
    ink.markup("<g><title>");
    describe_line(ink, chosen, line, wording);
    ink.markup("</title><path class=\"kp-line ")
        .markup(sign_class(line.sign))
        .markup(stroke_class(line.replicated));
    curve.draw_path(ink).markup("/>");
    if chosen.lines.len() <= SIGNED {
        draw_sign(ink, line.sign, curve.midpoint());
    }
    ink.markup("</g>\n");
}

/// So that the colour is not all that tells.
pub fn draw_sign(ink: &mut Ink, sign: Sign, at: Point) {
    if sign == Sign::Unsaid {
        return;
    }
    ink.markup("<g class=\"kp-sign ")
        .markup(sign_class(sign))
        .markup("\"><circle");
    ink.geometry("cx", &[("", at.x)])
        .geometry("cy", &[("", at.y)])
        .markup(" r=\"8\"/><path");
    let Point { x, y } = at;
    match sign {
        Sign::Plus => ink.geometry(
            "d",
            &[
                ("M", x - 4.0),
                (" ", y),
                ("h", 8.0),
                ("M", x),
                (" ", y - 4.0),
                ("v", 8.0),
            ],
        ),
        Sign::Level => ink.geometry(
            "d",
            &[
                ("M", x - 3.0),
                (" ", y + 3.5),
                ("v", -3.5),
                ("M", x),
                (" ", y + 3.5),
                ("v", -7.0),
                ("M", x + 3.0),
                (" ", y + 3.5),
                ("v", -5.0),
            ],
        ),
        Sign::Minus | Sign::Unsaid => ink.geometry("d", &[("M", x - 4.0), (" ", y), ("h", 8.0)]),
    };
    ink.markup("/></g>");
}

fn draw_variable(ink: &mut Ink, name: &str, at: Point, middle: Point, joined: usize) {
    let radius = 5.0 + (joined as f64).sqrt().min(5.0);
    // The one at the very bottom is on neither side, but for the last digit.
    let right = at.x > middle.x - 0.1;
    let x = if right {
        at.x + radius + 6.0
    } else {
        at.x - radius - 6.0
    };
    let room = if right { WIDTH - x } else { x } - 6.0;
    ink.markup("<g><title>")
        .name(name, 1e4, LETTERS)
        .markup("</title><circle class=\"kp-node\"");
    ink.geometry("cx", &[("", at.x)])
        .geometry("cy", &[("", at.y)])
        .geometry("r", &[("", radius)]);
    ink.markup("/><text class=\"kp-name")
        .markup(if right { "\"" } else { " kp-left\"" });
    ink.geometry("x", &[("", x)]).geometry("y", &[("", at.y + 5.0)]);
    ink.markup(">").name(name, room, LETTERS).markup("</text></g>\n");
}
