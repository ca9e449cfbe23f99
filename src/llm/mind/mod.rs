//! The models of a run: asked by its agents, answered once.
//!
//! | file | noun |
//! |---|---|
//! | `caller` | what all clones of a mind share, and the way of a request to its receipt |
//! | `live` | an endpoint in use |
//! | `models` | the models that the settings name |
//! | `pricing` | what they cost |
//! | `second_try` | the turns that ask for an answer once more |
//! | `runtime` | the thread that calls are made on |

mod caller;
mod live;
mod models;
mod pricing;
mod runtime;
mod second_try;

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    Account, Answer, Listener, LlmError, Objection, Probed, Question, Receipt, Replay,
    budget::{Amount, Budget},
    flight::Flights,
    structured::{self, Misfit, NoSchema, Shape},
};
use crate::{
    agent::AgentContext,
    config::{Environment, Settings},
    journal::{Journal, Kind},
};
use caller::{Caller, Replies, llm_error};
use live::LiveEndpoint;
pub(super) use models::models;
use pricing::Pricing;
use runtime::start_runtime;
use second_try::{SECOND_TRY_TOKENS, second_try};

/// Where replies come from.
pub enum Source {
    /// The endpoint of the settings.
    Endpoint,
    /// A recorded run.
    Replay(Replay),
}

/// The models of a run. Cheap to clone; calls are made on a thread of its own.
#[derive(Clone)]
pub struct Mind {
    caller: Arc<Caller>,
}

impl Mind {
    /// The models that the settings name, for the run with this journal: what its receipts say is spent counts. No call is
    /// made yet. What happens is told to `listener`.
    ///
    /// # Errors
    /// [`LlmError::Rejected`] when an address, key, model or price is missing or wrong.
    pub fn start(
        settings: &Settings,
        environment: &Environment,
        journal: &Journal,
        source: Source,
        listener: Option<Listener>,
    ) -> Result<Self, LlmError> {
        let account = Account::of(journal.entries_of(&[Kind::Receipt]))?;
        let spent = Amount {
            tokens: account.total,
            usd: account.usd,
        };
        let budget = Budget::new(settings.budget.tokens, settings.budget.usd, spent);
        let replies = match source {
            Source::Replay(replay) => Replies::Replay(replay, Pricing::new(&settings.llm)?),
            Source::Endpoint => {
                let live = LiveEndpoint::new(settings, environment, &budget, account.calls > 0, listener.clone())?;
                Replies::Endpoint(Box::new(live))
            }
        };
        let stop = CancellationToken::new();
        let flights = Flights::new(start_runtime(stop.clone())?, stop.child_token());
        Ok(Self {
            caller: Arc::new(Caller {
                settings: settings.llm.clone(),
                replies,
                budget,
                account: Mutex::new(account),
                flights,
                listener,
                stop,
            }),
        })
    }

    /// Makes sure that the endpoint is there, takes the key and has the models, without spending more than a token.
    ///
    /// # Errors
    /// [`LlmError::Rejected`] or [`LlmError::Outage`], with what to do.
    pub async fn probe(&self) -> Result<Option<Probed>, LlmError> {
        match &self.caller.replies {
            Replies::Replay(..) => Ok(None),
            Replies::Endpoint(live) => {
                let prober = Arc::clone(&live.prober);
                // Where calls are made: connections belong to the runtime that opened them.
                let probing = || self.caller.flights.run(async move { prober.probe().await });
                live.probed.get_or_try_init(probing).await.cloned().map(Some)
            }
        }
    }

    /// What the run has used so far.
    pub fn account(&self) -> Account {
        self.caller.account()
    }

    /// Calls off what is under way and waits for it, so that the journal can be closed.
    pub async fn close(&self) {
        self.caller.flights.close().await;
    }

    /// Tokens that a prompt may have, as the settings' `context_tokens` and `max_tokens` leave them.
    pub fn prompt_tokens(&self) -> usize {
        self.caller.prompt_tokens() as usize
    }

    /// Asks the model of the context's agent. The answer is checked against the type's JSON schema and by `check`, which
    /// says in a sentence what is wrong with it; a wrong one is asked for once more with the reason.
    ///
    /// The same question is paid for once in a run: asked again, in this process or another, it is answered from the
    /// journal; asked twice at the same time, it is one call.
    ///
    /// # Errors
    /// See [`LlmError`]; nothing is made up in place of an answer.
    pub async fn ask<T>(
        &self,
        context: &AgentContext,
        question: Question,
        check: impl Fn(&T) -> Result<(), Objection>,
    ) -> Result<Answer<T>, LlmError>
    where
        T: DeserializeOwned + JsonSchema,
    {
        let shape = Shape::of::<T>().map_err(no_schema)?;
        self.ask_in(context, question, shape, check).await
    }

    /// As [`Mind::ask`], for an answer of the form that a JSON Schema (2020-12) gives.
    ///
    /// # Errors
    /// As there; [`LlmError::Invalid`] for what is no schema.
    pub async fn ask_json(
        &self,
        context: &AgentContext,
        question: Question,
        schema: &Value,
        check: impl Fn(&Value) -> Result<(), Objection>,
    ) -> Result<Answer<Value>, LlmError> {
        let shape = Shape::of_schema(context.agent().as_str(), schema).map_err(no_schema)?;
        self.ask_in(context, question, shape, check).await
    }

    async fn ask_in<T: DeserializeOwned>(
        &self,
        context: &AgentContext,
        question: Question,
        shape: Shape,
        check: impl Fn(&T) -> Result<(), Objection>,
    ) -> Result<Answer<T>, LlmError> {
        let accept = |sifted: Result<Vec<Value>, Misfit>, receipt: &Receipt| -> Result<Answer<T>, Misfit> {
            let misfit = |misfit: Misfit| self.caller.explain_misfit(receipt, misfit);
            let value: T = sifted.and_then(structured::first).map_err(misfit)?;
            check(&value).map_err(|objection| Misfit {
                reason: objection.to_string(),
                no_json: false,
            })?;
            Ok(Answer {
                value,
                model: receipt.model.clone(),
            })
        };
        let mut request = self.caller.build_request(context.agent(), &question, shape.clone())?;
        let first = self.caller.reply_to(context, &question, &request).await?;
        let misfit = match accept(sift(context, &shape, &first).await?, &first) {
            Ok(answer) => return Ok(answer),
            Err(misfit) => misfit,
        };
        tracing::debug!(agent = %context.agent(), purpose = question.purpose, reason = misfit.reason, "the reply is not of its form: asking once more");
        if let (true, Replies::Endpoint(live)) = (misfit.no_json, &self.caller.replies) {
            live.note_ignored_form(&first);
        }
        let room = self
            .caller
            .prompt_tokens()
            .saturating_sub(request.estimate().input + SECOND_TRY_TOKENS);
        request
            .turns
            .extend(second_try(&first.text, &misfit.reason, &shape, room));
        let second = self.caller.reply_to(context, &question, &request).await?;
        accept(sift(context, &shape, &second).await?, &second)
            .map_err(|misfit| LlmError::Invalid { reason: misfit.reason })
    }
}

impl fmt::Debug for Mind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut mind = f.debug_struct("Mind");
        match &self.caller.replies {
            Replies::Endpoint(live) => mind.field("endpoint", &live.endpoint.base_url),
            Replies::Replay(replay, _) => mind.field("recorded", &replay.len()),
        };
        mind.finish_non_exhaustive()
    }
}

/// A larger reply is read off the agent's thread.
const LARGE: usize = 64 * 1024;

async fn sift(
    context: &AgentContext,
    shape: &Shape,
    receipt: &Arc<Receipt>,
) -> Result<Result<Vec<Value>, Misfit>, LlmError> {
    if receipt.text.len() < LARGE {
        return Ok(shape.sift(&receipt.text));
    }
    let (shape, receipt) = (shape.clone(), Arc::clone(receipt));
    context
        .blocking(move || shape.sift(&receipt.text))
        .await
        .map_err(llm_error)
}

fn no_schema(error: NoSchema) -> LlmError {
    LlmError::Invalid {
        reason: error.to_string(),
    }
}
