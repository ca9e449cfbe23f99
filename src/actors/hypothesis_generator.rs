//! Proposes what to test next, by whatever policy the run thinks with.

use std::{rc::Rc, sync::Arc};

use futures::FutureExt;

use crate::agent::{Agent, AgentContext, AgentError, Handling};
use crate::message::{Envelope, Outgoing, Payload, agent};
use crate::policy::{Heuristic, LlmPolicy, Policy, Rules, Thinker};

/// The agent around a policy.
pub struct HypothesisGenerator {
    policy: Box<dyn Policy>,
}

impl HypothesisGenerator {
    /// Thinks by the rule book, with the rules that families of tests bring, and with a model where there is one.
    pub fn new(rules: Arc<Rules>, thinker: Option<Thinker>) -> Self {
        Self {
            policy: match thinker {
                Some(thinker) => Box::new(LlmPolicy::new(rules, thinker)),
                None => Box::new(Heuristic::new(rules)),
            },
        }
    }
}

impl Agent<Payload> for HypothesisGenerator {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Handling {
        async move {
            let Payload::ProposeHypotheses(request) = message.payload else {
                return Err(AgentError::Unexpected {
                    agent: agent::HYPOTHESIS_GENERATOR,
                    message: message.payload.name(),
                });
            };
            let proposed = self.policy.propose(*request, context).await?;
            let answer = Outgoing::new(agent::RESEARCH_DIRECTOR, proposed.answer);
            let sent: Vec<Outgoing> = std::iter::once(answer).chain(proposed.notice).collect();
            Ok(sent.into())
        }
        .boxed_local()
    }
}
