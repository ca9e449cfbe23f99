use std::io::{self, Write};

/// Writes `text` to stderr. If that fails there is nobody left to tell, so the failure is let go.
pub(super) fn text(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
