use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use kosmos_core::{plain_path::PlainPath, run_dir::RunDir};
use tracing_subscriber::fmt::MakeWriter;

use super::TelemetryError;
use crate::progress::printable_lines;

/// A log file that becomes known after logging has started; earlier lines are dropped.
#[derive(Debug, Clone, Default)]
pub(super) struct LateFile {
    file: Arc<Mutex<Option<File>>>,
}

impl LateFile {
    /// Appends to this file of a run from now on, and to no other file.
    pub(super) fn open(&self, run: &RunDir, inside: &PlainPath) -> Result<(), TelemetryError> {
        let file = run.open_to_append(inside).map_err(|source| TelemetryError::Open {
            path: run.place_of(inside),
            source,
        })?;
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(())
    }
}

impl Write for LateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.file.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            // A line is written in one call, so that lines of several threads do not mix.
            Some(file) => file
                .write_all(printable_lines(&String::from_utf8_lossy(bytes)).as_bytes())
                .map(|()| bytes.len()),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
            .map_or(Ok(()), Write::flush)
    }
}

impl MakeWriter<'_> for LateFile {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
