//! Keys, and how they are kept out of everything that is written.

use std::{borrow::Cow, fmt, sync::Arc};

/// What stands where a secret was.
const STRUCK: &str = "[secret]";

/// Shorter ones are stand-ins for a key where none is needed (`EMPTY`, `none`): striking them would only
/// garble texts.
const SHORTEST: usize = 8;

/// A key or the value of a header. It cannot be printed or serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Keeps `text` secret; white space around it is no part of a key.
    pub fn new(text: &str) -> Self {
        Self(text.trim().into())
    }

    /// The secret itself, for the request's header alone.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STRUCK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STRUCK)
    }
}

/// Strikes secrets from texts. Endpoints do send keys back, in error messages above all.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    secrets: Arc<[Secret]>,
}

impl Redactor {
    /// A redactor of these.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut secrets: Vec<Secret> = secrets
            .into_iter()
            .filter(|secret| secret.0.len() >= SHORTEST)
            .collect();
        // A secret that holds another goes first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.0.len()));
        Self {
            secrets: secrets.into(),
        }
    }

    /// `text` without the secrets.
    pub fn strike<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut struck = Cow::Borrowed(text);
        for secret in self.secrets.iter() {
            if struck.contains(secret.expose()) {
                struck = Cow::Owned(struck.replace(secret.expose(), STRUCK));
            }
        }
        struck
    }

    /// Where the end of `text` that may be the beginning of a secret starts: of a text that comes in pieces, what is
    /// before it can be shown, and the rest once more has come.
    pub fn settled(&self, text: &str) -> usize {
        let held = |secret: &Secret| {
            let ends = secret.expose().char_indices().map(|(at, _)| at).rev();
            ends.filter(|end| *end > 0)
                .find(|end| secret.expose().get(..*end).is_some_and(|start| text.ends_with(start)))
                .unwrap_or(0)
        };
        text.len() - self.secrets.iter().map(held).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_cannot_be_printed() {
        let secret = Secret::new(" sk-0123456789\n");
        assert_eq!(
            format!("{secret} {secret:?} {:?}", Some(&secret)),
            "[secret] [secret] Some([secret])"
        );
        assert_eq!(secret.expose(), "sk-0123456789");
    }

    #[test]
    fn strikes_every_occurrence_the_longest_first() {
        let redactor = Redactor::new(["sk-01234567", "sk-01234567-and-more", "EMPTY"].map(Secret::new));
        assert_eq!(
            redactor.strike("Bearer sk-01234567-and-more, sk-01234567; EMPTY"),
            "Bearer [secret], [secret]; EMPTY"
        );
        assert!(matches!(redactor.strike("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn holds_back_what_may_become_a_secret() {
        let redactor = Redactor::new([Secret::new("sk-01234567")]);
        let table = [
            ("hello", 5),
            ("hello s", 6),
            ("hello sk-0123", 6),
            ("sk-0x", 5),
            ("", 0),
            ("é sk", 3),
        ];
        for (text, settled) in table {
            assert_eq!(redactor.settled(text), settled, "{text}");
        }
    }
}
