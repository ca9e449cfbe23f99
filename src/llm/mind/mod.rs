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

use kosmos_core::environment::Environment;
use kosmos_engine::{
    RunPayload,
    agent::AgentContext,
    journal::{Journal, Kind},
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    Account, LlmError, LlmSettings, MindListener, ModelQuestion, ModelReply, Objection, ProbedEndpoint, Receipt,
    Replay, ReplyFault,
    budget::{Amount, SpendingLimit},
    flight::Flights,
    structured::{self, Misfit, NoSchema, ReplyShape},
};
use crate::science::RunBudget;
use caller::{Caller, Replies, error_of_agent};
use live::LiveEndpoint;
pub(super) use models::models_in_use;
use pricing::Pricing;
use runtime::start_runtime;
use second_try::{SECOND_TRY_TOKENS, second_try};

/// Where replies come from.
pub enum ReplySource {
    /// The endpoint of the settings.
    Endpoint,
    /// The receipts of a recorded run.
    Replay(Replay),
}

/// The models of a run. Cheap to clone; calls run on a separate thread.
#[derive(Clone)]
pub struct Mind {
    caller: Arc<Caller>,
}

impl Mind {
    /// Sets up the models that the settings name, for the run with this journal; the receipts in it count as spent.
    /// Makes no call yet. Events go to `listener`.
    ///
    /// # Errors
    /// [`LlmError::Rejected`] when an address, key, model or price is missing or invalid.
    pub fn start(
        settings: &LlmSettings,
        limits: &RunBudget,
        environment: &Environment,
        journal: &Journal<impl RunPayload>,
        source: ReplySource,
        listener: Option<MindListener>,
    ) -> Result<Self, LlmError> {
        let account = Account::from_entries(journal.entries_of(&[Kind::Receipt]))?;
        let spent = Amount {
            tokens: account.total,
            usd: account.usd,
        };
        let budget = SpendingLimit::new(limits.tokens, limits.usd, spent);
        let replies = match source {
            ReplySource::Replay(replay) => Replies::Replay(replay, Pricing::new(settings)?),
            ReplySource::Endpoint => {
                let live = LiveEndpoint::new(settings, environment, &budget, account.calls > 0, listener.clone())?;
                Replies::Endpoint(Box::new(live))
            }
        };
        let stop = CancellationToken::new();
        let flights = Flights::new(start_runtime(stop.clone())?, stop.child_token());
        Ok(Self {
            caller: Arc::new(Caller {
                settings: settings.clone(),
                replies,
                budget,
                account: Mutex::new(account),
                flights,
                listener,
                stop,
            }),
        })
    }

    /// Checks that the endpoint answers, accepts the key and has the models; costs at most one token per model.
    ///
    /// # Errors
    /// [`LlmError::Rejected`] or [`LlmError::Outage`], with a remedy.
    pub async fn probe(&self) -> Result<Option<ProbedEndpoint>, LlmError> {
        match &self.caller.replies {
            Replies::Replay(..) => Ok(None),
            Replies::Endpoint(live) => {
                let prober = Arc::clone(&live.prober);
                // On the runtime of the calls: connections belong to the runtime that opened them.
                let probing = || {
                    self.caller
                        .flights
                        .run_on_runtime(async move { prober.probe_models().await })
                };
                live.probed.get_or_try_init(probing).await.cloned().map(Some)
            }
        }
    }

    /// The run's account so far.
    pub fn account(&self) -> Account {
        self.caller.account()
    }

    /// Cancels the calls under way and waits until they have ended, so that the journal can be closed.
    pub async fn close(&self) {
        self.caller.flights.stop_and_wait().await;
    }

    /// Tokens that a prompt may have: the settings' `context_tokens` less `max_tokens`.
    pub fn prompt_tokens(&self) -> usize {
        self.caller.prompt_tokens() as usize
    }

    /// Asks the model of the context's agent. The answer is validated against the type's JSON Schema and by `check`,
    /// which returns a sentence about the fault. After an invalid answer the model is asked once more, with that
    /// sentence.
    ///
    /// A run pays once for each question: a repeated question is answered from the journal, in this process or
    /// another, and two simultaneous ones share a call.
    ///
    /// # Errors
    /// See [`LlmError`]; an answer is never made up.
    pub async fn ask<T>(
        &self,
        context: &AgentContext<impl RunPayload>,
        question: ModelQuestion,
        check: impl Fn(&T) -> Result<(), Objection>,
    ) -> Result<ModelReply<T>, LlmError>
    where
        T: DeserializeOwned + JsonSchema,
    {
        let shape = ReplyShape::for_type::<T>().map_err(schema_error)?;
        self.ask_for_shape(context, question, shape, check).await
    }

    /// Like [`Mind::ask`], for an answer in the form that a JSON Schema (2020-12) describes.
    ///
    /// # Errors
    /// Those of [`Mind::ask`]; [`LlmError::Invalid`] if `schema` is not a JSON Schema.
    pub async fn ask_json(
        &self,
        context: &AgentContext<impl RunPayload>,
        question: ModelQuestion,
        schema: &Value,
        check: impl Fn(&Value) -> Result<(), Objection>,
    ) -> Result<ModelReply<Value>, LlmError> {
        let shape = ReplyShape::from_schema(context.agent().as_str(), schema).map_err(schema_error)?;
        self.ask_for_shape(context, question, shape, check).await
    }

    async fn ask_for_shape<T: DeserializeOwned>(
        &self,
        context: &AgentContext<impl RunPayload>,
        question: ModelQuestion,
        shape: ReplyShape,
        check: impl Fn(&T) -> Result<(), Objection>,
    ) -> Result<ModelReply<T>, LlmError> {
        let accept = |sifted: Result<Vec<Value>, Misfit>, receipt: &Receipt| -> Result<ModelReply<T>, Misfit> {
            let misfit = |misfit: Misfit| self.caller.explain_misfit(receipt, misfit);
            let value: T = sifted.and_then(structured::parse_first).map_err(misfit)?;
            check(&value).map_err(|objection| Misfit {
                reason: objection.to_string(),
                no_json: false,
            })?;
            Ok(ModelReply {
                value,
                model: receipt.model.clone(),
            })
        };
        let mut request = self.caller.build_request(context.agent(), &question, shape.clone())?;
        let first = self.caller.reply_to(context, &question, &request).await?;
        let misfit = match accept(sift_reply(context, &shape, &first).await?, &first) {
            Ok(answer) => return Ok(answer),
            Err(misfit) => misfit,
        };
        tracing::debug!(agent = %context.agent(), purpose = question.purpose, reason = misfit.reason, "the reply does not have the requested form: asking once more");
        if let (true, Replies::Endpoint(live)) = (misfit.no_json, &self.caller.replies) {
            live.note_ignored_form(&first);
        }
        let room = self
            .caller
            .prompt_tokens()
            .saturating_sub(request.estimate_tokens().input + SECOND_TRY_TOKENS);
        request
            .turns
            .extend(second_try(&first.text, &misfit.reason, &shape, room));
        let second = self.caller.reply_to(context, &question, &request).await;
        let second = second.map_err(LlmError::after_first_reply)?;
        accept(sift_reply(context, &shape, &second).await?, &second).map_err(|misfit| LlmError::Invalid {
            reason: misfit.reason,
            fault: ReplyFault::of(&second),
            calls: 2,
        })
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

/// Longer replies are parsed outside the agent's thread.
const LARGE: usize = 64 * 1024;

async fn sift_reply(
    context: &AgentContext<impl RunPayload>,
    shape: &ReplyShape,
    receipt: &Arc<Receipt>,
) -> Result<Result<Vec<Value>, Misfit>, LlmError> {
    if receipt.text.len() < LARGE {
        return Ok(shape.find_fitting(&receipt.text));
    }
    let (shape, receipt) = (shape.clone(), Arc::clone(receipt));
    context
        .run_blocking(move || shape.find_fitting(&receipt.text))
        .await
        .map_err(error_of_agent)
}

fn schema_error(error: NoSchema) -> LlmError {
    LlmError::without_reply(error.to_string())
}
