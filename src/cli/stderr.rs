use std::io::{self, Write};

/// Writes `text` to stderr. A failure is ignored, since it cannot be reported.
pub(super) fn write_to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
