use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use crate::progress::{Screen, printable_lines};

/// Writes to stderr, with the progress bars hidden while a log line is written.
#[derive(Debug, Clone)]
pub(super) struct StderrWriter {
    screen: Screen,
    colour: bool,
}

impl StderrWriter {
    pub(super) fn new(screen: Screen, colour: bool) -> Self {
        Self { screen, colour }
    }
}

impl Write for StderrWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let line = match self.colour {
            true => disarm_coloured_line(&text).into(),
            false => printable_lines(&text),
        };
        self.screen
            .suspend(|| io::stderr().lock().write_all(line.as_bytes()).map(|()| bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

/// Makes the foreign parts of a log line harmless. The escape sequences in it are colours: `tracing-subscriber`
/// replaces those of messages and fields.
fn disarm_coloured_line(line: &str) -> String {
    let parts: Vec<_> = line.split('\u{1b}').map(printable_lines).collect();
    parts.join("\u{1b}")
}

impl MakeWriter<'_> for StderrWriter {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stay_and_directions_go() {
        assert_eq!(
            disarm_coloured_line("\u{1b}[33m WARN\u{1b}[0m a\u{202e}b\rc\u{9b}2J\n"),
            "\u{1b}[33m WARN\u{1b}[0m a\u{FFFD}b c\u{FFFD}2J\n"
        );
    }
}
