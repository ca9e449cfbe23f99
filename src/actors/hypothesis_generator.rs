//! Proposes what to test next, by whatever policy the run thinks with.

use std::rc::Rc;

use futures::FutureExt;

use crate::agent::{Agent, AgentContext, AgentError, Handling};
use crate::message::{Envelope, Outgoing, Payload, agent};
use crate::policy::Policy;

/// The agent around a policy.
pub struct HypothesisGenerator {
    policy: Box<dyn Policy>,
}

impl HypothesisGenerator {
    /// Thinks with `policy`.
    pub fn new(policy: impl Policy) -> Self {
        Self {
            policy: Box::new(policy),
        }
    }
}

impl Agent for HypothesisGenerator {
    fn handle(self: Rc<Self>, message: Envelope, _: AgentContext) -> Handling {
        async move {
            let Payload::ProposeHypotheses(request) = message.payload else {
                return Err(AgentError::Unexpected {
                    agent: agent::HYPOTHESIS_GENERATOR,
                    message: message.payload.name(),
                });
            };
            let proposed = self.policy.propose(*request).await.map_err(AgentError::retry)?;
            Ok(Outgoing::new(agent::RESEARCH_DIRECTOR, proposed).into())
        }
        .boxed_local()
    }
}
