use std::io::{self, Write};

use serde::Serialize;

use super::CliError;
use crate::progress::printable_lines;

/// Writes `text` to stdout, with the control characters of its foreign parts replaced: names, ids and messages may come
/// from data, archives or models.
///
/// A closed pipe (`kosmos runs | head -1`) is no error: the reader has read enough, and the command continues
/// to its own exit code.
///
/// # Errors
/// When stdout cannot be written to for another reason, such as a full disk.
pub fn print_text(text: &str) -> Result<(), CliError> {
    print_verbatim(&printable_lines(text))
}

/// Writes `text` to stdout as it is: a document for programs, or a text that is Kosmos's own. Nothing else writes
/// there.
///
/// # Errors
/// As [`print_text`].
pub(super) fn print_verbatim(text: &str) -> Result<(), CliError> {
    write_to(&mut io::stdout().lock(), text).map_err(CliError::Output)
}

/// Writes `document` to stdout as the one JSON document of a `--json` command.
///
/// # Errors
/// As [`print_text`], and when the document cannot be represented in JSON.
pub fn print_json<T: Serialize + ?Sized>(document: &T) -> Result<(), CliError> {
    let mut rendered = serde_json::to_string_pretty(document).map_err(CliError::Render)?;
    rendered.push('\n');
    print_verbatim(&rendered)
}

/// Streams a document to stdout, which may be long.
///
/// # Errors
/// As [`print_text`].
pub fn print_stream(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(CliError::Output),
    }
}

fn write_to(out: &mut impl Write, text: &str) -> io::Result<()> {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fails(io::ErrorKind);

    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is() {
        assert!(write_to(&mut Fails(io::ErrorKind::BrokenPipe), "x").is_ok());
        assert!(write_to(&mut Fails(io::ErrorKind::StorageFull), "x").is_err());
    }
}
