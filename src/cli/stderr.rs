use std::io::{self, IsTerminal, Write};

/// Writes `text` to stderr. If that fails there is nobody left to tell, so the failure is let go.
pub(super) fn text(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether stderr shows colours: it is a terminal that has them, and `NO_COLOR` is not set.
pub fn colour() -> bool {
    colour_of(io::stderr().is_terminal(), |name| std::env::var_os(name))
}

fn colour_of(terminal: bool, variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> bool {
    let refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = variable("TERM").is_some_and(|term| term == "dumb");
    terminal && !refused && !dumb
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_only_on_a_terminal_that_wants_them() {
        let with = |terminal, set: &'static [(&str, &str)]| {
            colour_of(terminal, |name| {
                set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).into())
            })
        };
        assert!(with(true, &[]));
        assert!(with(true, &[("NO_COLOR", "")]));
        assert!(!with(true, &[("NO_COLOR", "1")]));
        assert!(!with(true, &[("TERM", "dumb")]));
        assert!(!with(false, &[]));
    }
}
