//! State shared by all clones of a mind, and the steps from a question to its receipt.

use std::sync::{Arc, Mutex, PoisonError};

use kosmos_engine::{
    AgentName, RunPayload,
    agent::{AgentContext, AgentError},
};
use tokio_util::sync::CancellationToken;

use super::{live::LiveEndpoint, models::no_model_error, pricing::Pricing};
use crate::llm::{
    Account, LlmError, LlmSettings, MindEvent, MindListener, ModelQuestion, Receipt, Replay, ReplyFault, ReplyProblem,
    Tokens,
    budget::{Amount, SpendingLimit},
    fault::CallFault,
    flight::Flights,
    receipt::{KEY, LOST},
    reply_fault::is_cut_off,
    request::{ChatRequest, Turn},
    structured::{Misfit, ReplyShape},
    transport::LostTokens,
};

pub(super) struct Caller {
    pub(super) settings: LlmSettings,
    pub(super) replies: Replies,
    pub(super) budget: SpendingLimit,
    pub(super) account: Mutex<Account>,
    pub(super) flights: Flights,
    pub(super) listener: Option<MindListener>,
    /// Stops the thread of the calls.
    pub(super) stop: CancellationToken,
}

pub(super) enum Replies {
    Endpoint(Box<LiveEndpoint>),
    Replay(Replay, Pricing),
}

impl Caller {
    /// A copy of the run's account so far.
    pub(super) fn account(&self) -> Account {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn prompt_tokens(&self) -> u64 {
        // The settings' validation ensures that the difference is positive.
        u64::from(self.settings.context_tokens.saturating_sub(self.settings.max_tokens)).max(256)
    }

    pub(super) fn build_request(
        &self,
        agent: &AgentName,
        question: &ModelQuestion,
        shape: ReplyShape,
    ) -> Result<ChatRequest, LlmError> {
        let turn = |role, content: &str| Turn {
            role,
            content: content.to_owned(),
        };
        let mut turns = Vec::new();
        if !question.system.is_empty() {
            turns.push(turn("system", &question.system));
        }
        turns.push(turn("user", &question.user));
        Ok(ChatRequest {
            model: self.model_for(agent)?,
            turns,
            shape,
            temperature: self.settings.temperature,
            max_tokens: self.settings.max_tokens,
        })
    }

    fn model_for(&self, agent: &AgentName) -> Result<String, LlmError> {
        let own = self
            .settings
            .models_by_agent()
            .into_iter()
            .find(|(name, _)| *name == agent.as_str())
            .and_then(|(_, model)| model);
        own.or(self.settings.model.as_deref())
            .map(ToOwned::to_owned)
            .ok_or_else(|| no_model_error(agent.as_str()))
    }

    /// Adds to a misfit that the reply was cut off at the token limit, if it was.
    pub(super) fn explain_misfit(&self, receipt: &Receipt, mut misfit: Misfit) -> Misfit {
        if is_cut_off(&receipt.finish_reason) {
            misfit.reason = format!(
                "the answer was cut off at {} tokens (llm.max_tokens): {}",
                self.settings.max_tokens, misfit.reason
            );
        }
        misfit
    }

    /// Gets the reply to a request: from the journal, from a call under way, or by a new call.
    pub(super) async fn reply_to(
        self: &Arc<Self>,
        context: &AgentContext<impl RunPayload>,
        question: &ModelQuestion,
        request: &ChatRequest,
    ) -> Result<Arc<Receipt>, LlmError> {
        let key = format!("{KEY}{}", request.sha256());
        let (caller, asker) = (Arc::clone(self), context.clone());
        let (question, request, effect) = (question.clone(), Arc::new(request.clone()), key.clone());
        let call = move |stop| async move { caller.call_as_effect(&asker, &question, request, &effect, stop).await };
        let receipt = self.flights.join_or_start(&key, context.cancel(), call).await?;
        match &receipt.problem {
            None => Ok(receipt),
            Some(ReplyProblem::Refused(reason)) => Err(LlmError::Refused {
                reason: reason.clone(),
                calls: 1,
            }),
            Some(ReplyProblem::Unusable(reason)) => Err(LlmError::Invalid {
                reason: reason.clone(),
                fault: ReplyFault::of(&receipt),
                calls: 1,
            }),
        }
    }

    /// Makes the call as a journalled effect, and journals the tokens of a call that gave no reply.
    async fn call_as_effect(
        self: Arc<Self>,
        context: &AgentContext<impl RunPayload>,
        question: &ModelQuestion,
        request: Arc<ChatRequest>,
        key: &str,
        stop: CancellationToken,
    ) -> Result<Arc<Receipt>, LlmError> {
        let lost = Arc::new(LostTokens::default());
        let call = self.make_call(context, question, &request, key, &lost);
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => Err(LlmError::Cancelled),
            outcome = context.effect(key, || async { call.await.map_err(AgentError::retry) }) => outcome.map_err(error_of_agent),
        };
        if outcome.is_err() && lost.tokens().sum() > 0 {
            self.record_lost_tokens(context, question, &request, key, lost.tokens())
                .await?;
        }
        outcome.map(Arc::new)
    }

    async fn make_call(
        &self,
        context: &AgentContext<impl RunPayload>,
        question: &ModelQuestion,
        request: &Arc<ChatRequest>,
        key: &str,
        lost: &Arc<LostTokens>,
    ) -> Result<Receipt, LlmError> {
        let receipt = match &self.replies {
            Replies::Replay(replay, pricing) => {
                self.recorded_receipt((replay, pricing), context, question, request, key)?
            }
            Replies::Endpoint(live) => live.call_model(context.agent(), question, request, lost).await?,
        };
        self.book_receipt(&receipt, true);
        Ok(receipt)
    }

    fn book_receipt(&self, receipt: &Receipt, replied: bool) {
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        account.add_receipt(receipt, replied);
        if let Some(listener) = &self.listener {
            listener(MindEvent::Replied(&account));
        }
    }

    /// The recorded reply. If there is none, the budget may have stopped the recorded run from asking.
    fn recorded_receipt(
        &self,
        (replay, pricing): (&Replay, &Pricing),
        context: &AgentContext<impl RunPayload>,
        question: &ModelQuestion,
        request: &ChatRequest,
        key: &str,
    ) -> Result<Receipt, LlmError> {
        if let Some(receipt) = replay.receipt_for(key) {
            self.budget.record_spent(Amount {
                tokens: receipt.usage,
                usd: receipt.usd.unwrap_or_default(),
            });
            return Ok(receipt);
        }
        self.budget
            .check_fits_beside(
                replay.amount_used(),
                pricing.price_tokens(&request.model, request.estimate_tokens()),
            )
            .map_err(|fault| match fault {
                CallFault::BudgetSpent { budget, detail } => LlmError::BudgetSpent { budget, detail },
                other => LlmError::without_reply(other.to_string()),
            })?;
        Err(LlmError::NotRecorded {
            agent: context.agent().to_string(),
            purpose: question.purpose.to_owned(),
        })
    }

    /// Journals the tokens of calls that gave no reply, so that the budget holds across restarts.
    async fn record_lost_tokens(
        &self,
        context: &AgentContext<impl RunPayload>,
        question: &ModelQuestion,
        request: &ChatRequest,
        key: &str,
        tokens: Tokens,
    ) -> Result<(), LlmError> {
        let Replies::Endpoint(live) = &self.replies else {
            return Ok(());
        };
        let question_sha = key.strip_prefix(KEY).unwrap_or(key);
        // Every loss has a key of its own.
        let key = format!("{LOST}{question_sha}-{:016x}", fastrand::u64(..));
        let price = live.pricing.price_of(&request.model);
        let receipt = Receipt {
            estimated: true,
            usage: tokens,
            usd: price.map(|price| price.cost_of(tokens)),
            ..Receipt::without_reply(context.agent(), question, &request.model)
        };
        self.book_receipt(&receipt, false);
        context
            .effect(&key, || async { Ok(receipt) })
            .await
            .map(drop)
            .map_err(error_of_agent)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Converts the error of an effect or of a blocking task.
pub(super) fn error_of_agent(error: AgentError) -> LlmError {
    match error {
        AgentError::Journal(error) => LlmError::Journal(error),
        AgentError::Own { source, .. } => match source.downcast::<LlmError>() {
            Ok(error) => *error,
            Err(source) => LlmError::without_reply(source.to_string()),
        },
        _ => LlmError::Cancelled,
    }
}
