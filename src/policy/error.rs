//! How thinking fails.

/// A policy's failure.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The computation was called off or fell.
    #[error("the policy was interrupted")]
    Interrupted,
}
