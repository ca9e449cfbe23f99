//! A result that breaks its contract.

/// The reason why a result does not count, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct InvalidResult(String);

impl From<String> for InvalidResult {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}
