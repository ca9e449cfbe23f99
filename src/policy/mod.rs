//! How the lab thinks: the seam behind which a rule book or a model proposes what to test.

mod error;
pub mod heuristic;
mod thinker;

use futures::future::LocalBoxFuture;

pub use error::PolicyError;
pub use heuristic::Heuristic;
pub use thinker::{NoAnswer, Thinker, Thought};

use crate::message::{HypothesesProposed, ProposeHypotheses};

/// Proposes hypotheses. What it proposes is registered before it is tested, whatever it thinks with.
pub trait Policy: 'static {
    /// Hypotheses for a cycle, best first; none when nothing new is left to ask.
    fn propose(&self, request: ProposeHypotheses) -> LocalBoxFuture<'static, Result<HypothesesProposed, PolicyError>>;
}
