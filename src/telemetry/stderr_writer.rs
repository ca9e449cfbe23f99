use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use crate::progress::Screen;

/// Writes to stderr, with the progress bars hidden while a log line is written.
#[derive(Debug, Clone)]
pub(super) struct StderrWriter {
    screen: Screen,
}

impl StderrWriter {
    pub(super) fn new(screen: Screen) -> Self {
        Self { screen }
    }
}

impl Write for StderrWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.screen
            .suspend(|| io::stderr().lock().write_all(bytes).map(|()| bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

impl MakeWriter<'_> for StderrWriter {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
