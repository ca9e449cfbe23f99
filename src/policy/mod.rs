//! How the lab thinks: the seam behind which a rule book or a model proposes what to test.
//!
//! `heuristic` is the rule book, `llm` the rule book and a model; `pair` and `statement` are what both go by, `catalogue`
//! counts what could follow up, `rules` is how families of tests are proposed that bring their own rule, `thinker` is a
//! model as agents use it, `agents` what other agents propose. `asked` is what the question asks for by name, `relation`
//! which of two columns explains, `named` holds named columns against the tables.

mod agents;
mod asked;
mod catalogue;
pub mod heuristic;
mod llm;
mod named;
mod pair;
mod relation;
mod rules;
mod statement;
mod thinker;

use futures::future::LocalBoxFuture;

pub(crate) use agents::admit;
pub use asked::{AskedAbout, AskedPart, AskedSources, AskedState, find_given_problem, list_asked_parts};
pub use heuristic::{Heuristic, JointModel};
pub use llm::{LlmPolicy, knowledge};
pub use named::{NamedFault, NamedFor, check_named_columns};
pub use relation::is_relation_turned;
pub use rules::{Directions, Rule, RuleError, Rules};
pub(crate) use statement::statement;
pub use thinker::{NoAnswer, Thinker, Thought};

use crate::agent::{AgentContext, AgentError};
use crate::message::{HypothesesProposed, Outgoing, ProposeHypotheses};

/// What a policy has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// The proposals.
    pub answer: HypothesesProposed,
    /// What the director has to know besides: that a budget is spent, that the model is lost.
    pub notice: Option<Outgoing>,
}

/// Proposes hypotheses. What it proposes is registered before it is tested, whatever it thinks with.
pub trait Policy: 'static {
    /// Hypotheses for a cycle, best first; none when nothing new is left to ask.
    fn propose(
        &self,
        request: ProposeHypotheses,
        context: AgentContext,
    ) -> LocalBoxFuture<'static, Result<Proposed, AgentError>>;
}
