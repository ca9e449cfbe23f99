//! What a person sees of a lab at work, on stderr: bars on a terminal, lines in a pipe, nothing when quiet.
//!
//! The lab tells a [`Progress`] what happens, as [`ProgressEvent`]s, and knows nothing of terminals.

mod bars;
mod event;
mod lines;
mod screen;

use std::io::IsTerminal;

pub use event::ProgressEvent;
pub use kosmos_core::text::printable;
pub use screen::Screen;

use bars::Bars;
use lines::Lines;

/// A display of a lab at work.
pub trait Progress: Send + Sync {
    /// Takes note of what happened. Never fails and never waits: the lab goes on whoever watches.
    fn on(&self, event: ProgressEvent);
}

/// The displays there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bars that change in place, for a terminal.
    Bars,
    /// One line per change that matters, for a pipe or a log.
    Lines,
    /// Nothing.
    Silent,
}

impl Kind {
    /// The display that suits stderr, and the flags `-q` and `--json`.
    pub fn suited(quiet: bool, json: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self::choose(quiet, json, std::io::stderr().is_terminal() && !dumb)
    }

    /// Bars only where a person watches: a program that reads `--json` is given lines.
    const fn choose(quiet: bool, json: bool, terminal: bool) -> Self {
        match (quiet, json, terminal) {
            (true, _, _) => Self::Silent,
            (false, false, true) => Self::Bars,
            (false, _, _) => Self::Lines,
        }
    }
}

/// Makes a display. Log lines share `screen` with it.
pub fn display(kind: Kind, screen: &Screen) -> Box<dyn Progress> {
    match kind {
        Kind::Bars => Box::new(Bars::new(screen)),
        Kind::Lines => Box::new(Lines::new(std::io::stderr())),
        Kind::Silent => Box::new(Silent),
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
        assert_eq!(Kind::choose(false, false, true), Kind::Bars);
        assert_eq!(Kind::choose(false, true, true), Kind::Lines);
        assert_eq!(Kind::choose(false, false, false), Kind::Lines);
        assert_eq!(Kind::choose(true, false, true), Kind::Silent);
        assert_eq!(Kind::choose(true, true, false), Kind::Silent);
    }
}
