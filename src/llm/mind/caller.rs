//! The state that all clones of a mind share, and the way of a request from a question to a receipt.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::{live::LiveEndpoint, models::no_model, pricing::Pricing};
use crate::{
    agent::{AgentContext, AgentError},
    config,
    llm::{
        Account, Listener, LlmError, MindEvent, Problem, Question, Receipt, Replay, Tokens,
        budget::{Amount, Budget},
        fault::Fault,
        flight::Flights,
        receipt::{KEY, LOST},
        request::{ChatRequest, Turn},
        structured::{Misfit, Shape},
        transport::Lost,
    },
    message::AgentName,
};

pub(super) struct Caller {
    pub(super) settings: config::LlmSettings,
    pub(super) replies: Replies,
    pub(super) budget: Budget,
    pub(super) account: Mutex<Account>,
    pub(super) flights: Flights,
    pub(super) listener: Option<Listener>,
    /// Ends the thread.
    pub(super) stop: CancellationToken,
}

pub(super) enum Replies {
    Endpoint(Box<LiveEndpoint>),
    Replay(Replay, Pricing),
}

impl Caller {
    /// A copy of what the run has used so far.
    pub(super) fn account(&self) -> Account {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn prompt_tokens(&self) -> u64 {
        // The settings say that there is something left.
        u64::from(self.settings.context_tokens.saturating_sub(self.settings.max_tokens)).max(256)
    }

    pub(super) fn build_request(
        &self,
        agent: &AgentName,
        question: &Question,
        shape: Shape,
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
            .ok_or_else(|| no_model(agent.as_str()))
    }

    /// What else is to be said of a reply that is not of its form.
    pub(super) fn explain_misfit(&self, receipt: &Receipt, mut misfit: Misfit) -> Misfit {
        if matches!(receipt.finish_reason.as_str(), "length" | "max_tokens" | "MAX_TOKENS") {
            misfit.reason = format!(
                "the answer was cut off at {} tokens (llm.max_tokens): {}",
                self.settings.max_tokens, misfit.reason
            );
        }
        misfit
    }

    /// The reply to a request: from the journal, from a call under way, or from a call.
    pub(super) async fn reply_to(
        self: &Arc<Self>,
        context: &AgentContext,
        question: &Question,
        request: &ChatRequest,
    ) -> Result<Arc<Receipt>, LlmError> {
        let key = format!("{KEY}{}", request.sha256());
        let (caller, asker) = (Arc::clone(self), context.clone());
        let (question, request, effect) = (question.clone(), Arc::new(request.clone()), key.clone());
        let call = move |stop| async move { caller.call_as_effect(&asker, &question, request, &effect, stop).await };
        let receipt = self.flights.join(&key, context.cancel(), call).await?;
        match &receipt.problem {
            None => Ok(receipt),
            Some(Problem::Refused(reason)) => Err(LlmError::Refused { reason: reason.clone() }),
            Some(Problem::Unusable(reason)) => Err(LlmError::Invalid { reason: reason.clone() }),
        }
    }

    /// A flight: the call as a journalled effect, and what it took where it gave nothing.
    async fn call_as_effect(
        self: Arc<Self>,
        context: &AgentContext,
        question: &Question,
        request: Arc<ChatRequest>,
        key: &str,
        stop: CancellationToken,
    ) -> Result<Arc<Receipt>, LlmError> {
        let lost = Arc::new(Lost::default());
        let call = self.call(context, question, &request, key, &lost);
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => Err(LlmError::Cancelled),
            outcome = context.effect(key, || async { call.await.map_err(AgentError::retry) }) => outcome.map_err(llm_error),
        };
        if outcome.is_err() && lost.tokens().sum() > 0 {
            self.record_lost_tokens(context, question, &request, key, lost.tokens())
                .await?;
        }
        outcome.map(Arc::new)
    }

    async fn call(
        &self,
        context: &AgentContext,
        question: &Question,
        request: &Arc<ChatRequest>,
        key: &str,
        lost: &Arc<Lost>,
    ) -> Result<Receipt, LlmError> {
        let receipt = match &self.replies {
            Replies::Replay(replay, pricing) => {
                self.recorded_receipt((replay, pricing), context, question, request, key)?
            }
            Replies::Endpoint(live) => live.call(context.agent(), question, request, lost).await?,
        };
        self.book(&receipt, true);
        Ok(receipt)
    }

    fn book(&self, receipt: &Receipt, replied: bool) {
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        account.add(receipt, replied);
        if let Some(listener) = &self.listener {
            listener(MindEvent::Replied(&account));
        }
    }

    /// The recorded reply. Where there is none, the recorded run may have been refused one by its budget.
    fn recorded_receipt(
        &self,
        (replay, pricing): (&Replay, &Pricing),
        context: &AgentContext,
        question: &Question,
        request: &ChatRequest,
        key: &str,
    ) -> Result<Receipt, LlmError> {
        if let Some(receipt) = replay.receipt(key) {
            self.budget.spend(Amount {
                tokens: receipt.usage,
                usd: receipt.usd.unwrap_or_default(),
            });
            return Ok(receipt);
        }
        self.budget
            .check_beside(replay.used(), pricing.amount(&request.model, request.estimate()))
            .map_err(|fault| match fault {
                Fault::BudgetSpent { budget, detail } => LlmError::BudgetSpent { budget, detail },
                other => LlmError::Invalid {
                    reason: other.to_string(),
                },
            })?;
        Err(LlmError::NotRecorded {
            agent: context.agent().to_string(),
            purpose: question.purpose.to_owned(),
        })
    }

    /// Journals what calls took that gave no reply, so that a budget holds over restarts.
    async fn record_lost_tokens(
        &self,
        context: &AgentContext,
        question: &Question,
        request: &ChatRequest,
        key: &str,
        tokens: Tokens,
    ) -> Result<(), LlmError> {
        let Replies::Endpoint(live) = &self.replies else {
            return Ok(());
        };
        let question_sha = key.strip_prefix(KEY).unwrap_or(key);
        // Each loss is its own.
        let key = format!("{LOST}{question_sha}-{:016x}", fastrand::u64(..));
        let price = live.pricing.of(&request.model);
        let receipt = Receipt {
            estimated: true,
            usage: tokens,
            usd: price.map(|price| price.of(tokens)),
            ..Receipt::without_reply(context.agent(), question, &request.model)
        };
        self.book(&receipt, false);
        context
            .effect(&key, || async { Ok(receipt) })
            .await
            .map(drop)
            .map_err(llm_error)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The error that an effect or a blocking task of the agent failed with.
pub(super) fn llm_error(error: AgentError) -> LlmError {
    match error {
        AgentError::Journal(error) => LlmError::Journal(error),
        AgentError::Own { source, .. } => match source.downcast::<LlmError>() {
            Ok(error) => *error,
            Err(source) => LlmError::Invalid {
                reason: source.to_string(),
            },
        },
        _ => LlmError::Cancelled,
    }
}
