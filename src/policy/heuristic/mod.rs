//! The rule book: real research with no model and no network.
//!
//! `survey` proposes the first cycle from the question and the columns' types alone, with what `primary` makes of the
//! question and `described` what it asks to have described; `follow_up` proposes later cycles
//! from what the explore part of the rows showed, `declared` by the rules of families that bring their own; `question`
//! reads the question, `replicate` puts to the test what earlier runs of the project found in other data.

mod declared;
mod described;
mod follow_up;
mod joint;
mod primary;
mod question;
mod replicate;
mod survey;

use std::sync::Arc;

use futures::{FutureExt, future::LocalBoxFuture};

use super::{Policy, Proposed, Rules};
use crate::agent::{AgentContext, AgentError};
use crate::message::{HypothesesProposed, ProposeHypotheses};

pub(crate) use described::{AskedDescription, asked_descriptions, find_fault};
pub use joint::JointModel;
pub use question::Interest;

/// Cycles that have questions of their own; later ones take up what was left out.
pub const STAGES: u32 = 3;

/// The built-in policy.
#[derive(Debug, Clone, Default)]
pub struct Heuristic {
    rules: Arc<Rules>,
}

impl Heuristic {
    /// With the rules of the families that bring their own.
    pub fn new(rules: Arc<Rules>) -> Self {
        Self { rules }
    }
}

impl Policy for Heuristic {
    fn propose(
        &self,
        request: ProposeHypotheses,
        context: AgentContext,
    ) -> LocalBoxFuture<'static, Result<Proposed, AgentError>> {
        let rules = Arc::clone(&self.rules);
        async move {
            let answer = context.run_blocking(move || propose(&request, &rules)).await?;
            Ok(Proposed { answer, notice: None })
        }
        .boxed_local()
    }
}

/// The proposals for a request: a pure function of it and of the families' rules.
pub fn propose(request: &ProposeHypotheses, rules: &Rules) -> HypothesesProposed {
    if request.cycle == 1 {
        survey::propose(request, rules)
    } else {
        follow_up::propose(request, rules)
    }
}
