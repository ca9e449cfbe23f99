//! Keys, and how they are kept out of all output.

use std::{borrow::Cow, fmt, sync::Arc};

/// Replaces a secret in texts.
const STRUCK: &str = "[secret]";

/// Shorter values are placeholders for a key that is not needed (`EMPTY`, `none`): replacing them would only garble
/// texts.
const SHORTEST: usize = 8;

/// A key or a header's value. It cannot be printed or serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps a secret; surrounding white space is removed.
    pub fn new(text: &str) -> Self {
        Self(text.trim().into())
    }

    /// The secret itself, for use in a request's header only.
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

/// Replaces secrets in texts. Endpoints repeat keys, particularly in error messages.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    secrets: Arc<[Secret]>,
}

impl Redactor {
    /// A redactor of these secrets.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut secrets: Vec<Secret> = secrets
            .into_iter()
            .filter(|secret| secret.0.len() >= SHORTEST)
            .collect();
        // A secret that contains another is replaced first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.0.len()));
        Self {
            secrets: secrets.into(),
        }
    }

    /// `text` with every secret replaced.
    pub fn strike_secrets<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut struck = Cow::Borrowed(text);
        for secret in self.secrets.iter() {
            if struck.contains(secret.expose()) {
                struck = Cow::Owned(struck.replace(secret.expose(), STRUCK));
            }
        }
        struck
    }

    /// Length of the part of `text` that can be shown while more of it is to come: the rest may be the beginning of a
    /// secret.
    pub fn safe_len(&self, text: &str) -> usize {
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
            redactor.strike_secrets("Bearer sk-01234567-and-more, sk-01234567; EMPTY"),
            "Bearer [secret], [secret]; EMPTY"
        );
        assert!(matches!(redactor.strike_secrets("nothing here"), Cow::Borrowed(_)));
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
            assert_eq!(redactor.safe_len(text), settled, "{text}");
        }
    }
}
