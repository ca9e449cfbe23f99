//! Displays of progress on stderr: bars on a terminal, lines in a pipe, nothing when quiet.
//!
//! The lab sends [`ProgressEvent`]s to a [`Progress`] and does not depend on the terminal.

mod bars;
mod event;
mod lines;
mod screen;

use std::io::IsTerminal;

pub use event::ProgressEvent;
pub use kosmos_core::text::{printable, printable_lines};
pub use screen::Screen;

use bars::Bars;
use lines::Lines;

/// A receiver of progress events.
pub trait Progress: Send + Sync {
    /// Shows an event. Never fails and never blocks, so that it cannot delay the lab.
    fn on(&self, event: ProgressEvent);
}

/// The kinds of displays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisplayKind {
    /// Bars that change in place, for a terminal.
    Bars,
    /// One line per important change, for a pipe or a log.
    Lines,
    /// Nothing.
    Silent,
}

impl DisplayKind {
    /// The display for stderr under the flags `-q` and `--json`.
    pub fn for_stderr(quiet: bool, json: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self::choose(quiet, json, std::io::stderr().is_terminal() && !dumb)
    }

    /// Bars are for people: a program that reads `--json` gets lines.
    const fn choose(quiet: bool, json: bool, terminal: bool) -> Self {
        match (quiet, json, terminal) {
            (true, _, _) => Self::Silent,
            (false, false, true) => Self::Bars,
            (false, _, _) => Self::Lines,
        }
    }
}

/// Creates a display, which shares `screen` with log lines.
pub fn create_display(kind: DisplayKind, screen: &Screen) -> Box<dyn Progress> {
    match kind {
        DisplayKind::Bars => Box::new(Bars::new(screen)),
        DisplayKind::Lines => Box::new(Lines::new(std::io::stderr())),
        DisplayKind::Silent => Box::new(Silent),
    }
}

struct Silent;

impl Progress for Silent {
    fn on(&self, _: ProgressEvent) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_for_people() {
        assert_eq!(DisplayKind::choose(false, false, true), DisplayKind::Bars);
        assert_eq!(DisplayKind::choose(false, true, true), DisplayKind::Lines);
        assert_eq!(DisplayKind::choose(false, false, false), DisplayKind::Lines);
        assert_eq!(DisplayKind::choose(true, false, true), DisplayKind::Silent);
        assert_eq!(DisplayKind::choose(true, true, false), DisplayKind::Silent);
    }
}
