//! The rule book: real research with no model and no network.
//!
//! `survey` proposes the first cycle from the question and the columns' types alone; `follow_up`
//! proposes later cycles from what the explore part of the rows showed; `question` reads the question, `replicate` puts to
//! the test what earlier runs of the project found in other data.

mod follow_up;
mod question;
mod replicate;
mod survey;

use futures::{FutureExt, future::LocalBoxFuture};

use super::{Policy, Proposed};
use crate::agent::{AgentContext, AgentError};
use crate::message::{HypothesesProposed, ProposeHypotheses};

pub use question::Interest;

/// Cycles that have questions of their own; later ones take up what was left out.
pub const STAGES: u32 = 3;

/// The built-in policy.
#[derive(Debug, Clone, Copy, Default)]
pub struct Heuristic;

impl Policy for Heuristic {
    fn propose(
        &self,
        request: ProposeHypotheses,
        context: AgentContext,
    ) -> LocalBoxFuture<'static, Result<Proposed, AgentError>> {
        async move {
            let answer = context.blocking(move || propose(&request)).await?;
            Ok(Proposed { answer, notice: None })
        }
        .boxed_local()
    }
}

/// The proposals for a request: a pure function of it.
pub fn propose(request: &ProposeHypotheses) -> HypothesesProposed {
    if request.cycle == 1 {
        survey::propose(request)
    } else {
        follow_up::propose(request)
    }
}
