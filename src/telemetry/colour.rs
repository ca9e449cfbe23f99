use std::io::{self, IsTerminal};

/// Returns true if stderr shows colours: it is a terminal that has them, and `NO_COLOR` is not set.
pub fn stderr_shows_colour() -> bool {
    shows_colour(io::stderr().is_terminal(), |name| std::env::var_os(name))
}

fn shows_colour(terminal: bool, variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> bool {
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
            shows_colour(terminal, |name| {
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
