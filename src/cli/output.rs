use std::io::{self, IsTerminal, Write};

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

/// Streams a document to stdout, which may be long: as it is to a program or a file, and to a terminal with the control
/// characters of its foreign parts replaced.
///
/// # Errors
/// As [`print_text`].
pub fn print_stream(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let written = match out.is_terminal() {
        true => {
            let mut shown = PrintableWriter::new(&mut out);
            write(&mut shown).and_then(|()| shown.finish())
        }
        false => write(&mut out),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(CliError::Output),
    }
}

/// Writes texts on, with what a terminal would obey replaced.
struct PrintableWriter<W> {
    out: W,
    /// The first bytes of a letter of which the others have not come yet.
    begun: Vec<u8>,
}

impl<W: Write> PrintableWriter<W> {
    fn new(out: W) -> Self {
        Self { out, begun: Vec::new() }
    }

    /// Writes what is left of a text that ends within a letter.
    fn finish(mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.begun);
        self.out.write_all(String::from_utf8_lossy(&rest).as_bytes())
    }
}

impl<W: Write> Write for PrintableWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.begun) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.begun.len(),
        };
        let rest = self.begun.split_off(whole);
        let text = std::mem::replace(&mut self.begun, rest);
        self.out
            .write_all(printable_lines(&String::from_utf8_lossy(&text)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
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
    fn a_stream_for_a_terminal_is_printable_wherever_it_is_cut() {
        let text = "a\u{1b}[2J\n\u{202e}é中\u{9b}\u{1f600}".as_bytes();
        for size in 1..text.len() {
            let mut shown = Vec::new();
            let mut writer = PrintableWriter::new(&mut shown);
            for piece in text.chunks(size) {
                writer.write_all(piece).unwrap();
            }
            writer.write_all(&[0xe4]).unwrap();
            writer.finish().unwrap();
            let shown = String::from_utf8(shown).unwrap();
            assert_eq!(
                shown, "a\u{fffd}[2J\n\u{fffd}é中\u{fffd}\u{1f600}\u{fffd}",
                "in pieces of {size}"
            );
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is() {
        assert!(write_to(&mut Fails(io::ErrorKind::BrokenPipe), "x").is_ok());
        assert!(write_to(&mut Fails(io::ErrorKind::StorageFull), "x").is_err());
    }
}
