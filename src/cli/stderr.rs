use std::io::{self, Write};

use crate::progress::printable_lines;

/// Writes `text` to stderr, with the control characters of its foreign parts replaced. A failure is ignored, since it
/// cannot be reported.
pub(super) fn write_to_stderr(text: &str) {
    write_styled_to_stderr(&printable_lines(text));
}

/// Writes `text`, in which nothing foreign is left that a terminal would obey, to stderr with its colours.
pub(super) fn write_styled_to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
