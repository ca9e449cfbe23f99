//! The models of a run: asked by its agents, answered once.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::{sync::OnceCell, time::Instant};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::{
    Account, Answer, Listener, LlmError, MindEvent, Probed, Problem, Question, Receipt, Replay, Tokens,
    budget::{Amount, Budget},
    dialect::Dialect,
    endpoint::{Endpoint, rejected},
    fault::Fault,
    flight::Flights,
    outcome::{End, Tried},
    price::{Price, Prices},
    probe::Prober,
    receipt::{KEY, LOST},
    request::{ChatRequest, Turn},
    structured::{self, Misfit, Shape},
    tokens::estimate,
    transport::{Call, Lost, Parts, Transport, estimated, transport},
};
use crate::{
    agent::{AgentContext, AgentError},
    config::{self, Environment, Provider, Settings, Structured},
    journal::{Journal, Kind},
    message::AgentName,
};

/// Beside prompt and reply: what a second try adds around the first reply.
const COMPLAINT: u64 = 256;

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
    inner: Arc<Inner>,
}

struct Inner {
    settings: config::LlmSettings,
    asked: Asked,
    budget: Budget,
    account: Mutex<Account>,
    flights: Flights,
    listener: Option<Listener>,
    /// Ends the thread.
    stop: CancellationToken,
}

enum Asked {
    Endpoint(Box<Live>),
    Replay(Replay, Pricing),
}

/// What the models of an endpoint cost.
struct Pricing {
    prices: Prices,
    free: bool,
}

struct Live {
    endpoint: Arc<Endpoint>,
    dialect: Arc<Dialect>,
    transport: Transport,
    prober: Arc<Prober>,
    pricing: Pricing,
    /// Whether the endpoint has answered a question of this run.
    answered: AtomicBool,
    probed: OnceCell<Probed>,
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
        let asked = match source {
            Source::Replay(replay) => Asked::Replay(replay, Pricing::new(&settings.llm)?),
            Source::Endpoint => {
                let live = Live::new(settings, environment, &budget, account.calls > 0, listener.clone())?;
                Asked::Endpoint(Box::new(live))
            }
        };
        let stop = CancellationToken::new();
        let runtime = runtime(stop.clone())?;
        Ok(Self {
            inner: Arc::new(Inner {
                settings: settings.llm.clone(),
                asked,
                budget,
                account: Mutex::new(account),
                flights: Flights::new(runtime, stop.child_token()),
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
        match &self.inner.asked {
            Asked::Replay(..) => Ok(None),
            Asked::Endpoint(live) => {
                let prober = Arc::clone(&live.prober);
                // Where calls are made: connections belong to the runtime that opened them.
                let probing = || self.inner.flights.run(async move { prober.probe().await });
                live.probed.get_or_try_init(probing).await.cloned().map(Some)
            }
        }
    }

    /// What the run has used so far.
    pub fn account(&self) -> Account {
        self.inner
            .account
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Calls off what is under way and waits for it, so that the journal can be closed.
    pub async fn close(&self) {
        self.inner.flights.close().await;
    }

    /// Tokens that a prompt may have, as the settings' `context_tokens` and `max_tokens` leave them.
    pub fn prompt_tokens(&self) -> usize {
        self.inner.prompt_tokens() as usize
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
        check: impl Fn(&T) -> Result<(), String>,
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
        check: impl Fn(&Value) -> Result<(), String>,
    ) -> Result<Answer<Value>, LlmError> {
        let shape = Shape::of_schema(context.agent().as_str(), schema).map_err(no_schema)?;
        self.ask_in(context, question, shape, check).await
    }

    async fn ask_in<T: DeserializeOwned>(
        &self,
        context: &AgentContext,
        question: Question,
        shape: Shape,
        check: impl Fn(&T) -> Result<(), String>,
    ) -> Result<Answer<T>, LlmError> {
        let accept = |sifted: Result<Vec<Value>, Misfit>, receipt: &Receipt| -> Result<Answer<T>, Misfit> {
            let misfit = |misfit: Misfit| self.inner.explain(receipt, misfit);
            let value: T = sifted.and_then(structured::first).map_err(misfit)?;
            check(&value).map_err(|reason| Misfit { reason, no_json: false })?;
            Ok(Answer {
                value,
                model: receipt.model.clone(),
            })
        };
        let mut request = self.inner.request(context.agent(), &question, shape.clone())?;
        let first = self.reply(context, &question, &request).await?;
        let misfit = match accept(sift(context, &shape, &first).await?, &first) {
            Ok(answer) => return Ok(answer),
            Err(misfit) => misfit,
        };
        tracing::debug!(agent = %context.agent(), purpose = question.purpose, reason = misfit.reason, "the reply is not of its form: asking once more");
        if let (true, Asked::Endpoint(live)) = (misfit.no_json, &self.inner.asked) {
            live.ignores_form(&first);
        }
        let room = self
            .inner
            .prompt_tokens()
            .saturating_sub(request.estimate().input + COMPLAINT);
        request
            .turns
            .extend(second_try(&first.text, &misfit.reason, &shape, room));
        let second = self.reply(context, &question, &request).await?;
        accept(sift(context, &shape, &second).await?, &second)
            .map_err(|misfit| LlmError::Invalid { reason: misfit.reason })
    }

    /// The reply to a request: from the journal, from a call under way, or from a call.
    async fn reply(
        &self,
        context: &AgentContext,
        question: &Question,
        request: &ChatRequest,
    ) -> Result<Arc<Receipt>, LlmError> {
        let key = format!("{KEY}{}", request.sha256());
        let (inner, asker) = (Arc::clone(&self.inner), context.clone());
        let (question, request, effect) = (question.clone(), Arc::new(request.clone()), key.clone());
        let call = move |stop| async move { inner.fly(&asker, &question, request, &effect, stop).await };
        let receipt = self.inner.flights.join(&key, context.cancel(), call).await?;
        match &receipt.problem {
            None => Ok(receipt),
            Some(Problem::Refused(reason)) => Err(LlmError::Refused { reason: reason.clone() }),
            Some(Problem::Unusable(reason)) => Err(LlmError::Invalid { reason: reason.clone() }),
        }
    }
}

impl Inner {
    fn prompt_tokens(&self) -> u64 {
        // The settings say that there is something left.
        u64::from(self.settings.context_tokens.saturating_sub(self.settings.max_tokens)).max(256)
    }

    fn request(&self, agent: &AgentName, question: &Question, shape: Shape) -> Result<ChatRequest, LlmError> {
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
            model: self.model_of(agent)?,
            turns,
            shape,
            temperature: self.settings.temperature,
            max_tokens: self.settings.max_tokens,
        })
    }

    fn model_of(&self, agent: &AgentName) -> Result<String, LlmError> {
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
    fn explain(&self, receipt: &Receipt, mut misfit: Misfit) -> Misfit {
        if matches!(receipt.finish_reason.as_str(), "length" | "max_tokens" | "MAX_TOKENS") {
            misfit.reason = format!(
                "the answer was cut off at {} tokens (llm.max_tokens): {}",
                self.settings.max_tokens, misfit.reason
            );
        }
        misfit
    }

    /// A flight: the call as a journalled effect, and what it took where it gave nothing.
    async fn fly(
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
            self.record_lost(context, question, &request, key, lost.tokens())
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
        let receipt = match &self.asked {
            Asked::Replay(replay, pricing) => self.recorded((replay, pricing), context, question, request, key)?,
            Asked::Endpoint(live) => live.call(context.agent(), question, request, lost).await?,
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
    fn recorded(
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
    async fn record_lost(
        &self,
        context: &AgentContext,
        question: &Question,
        request: &ChatRequest,
        key: &str,
        tokens: Tokens,
    ) -> Result<(), LlmError> {
        let Asked::Endpoint(live) = &self.asked else {
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
            ..blank(context.agent(), question, &request.model)
        };
        self.book(&receipt, false);
        context
            .effect(&key, || async { Ok(receipt) })
            .await
            .map(drop)
            .map_err(llm_error)
    }
}

impl Pricing {
    fn new(settings: &config::LlmSettings) -> Result<Self, LlmError> {
        Ok(Self {
            prices: Prices::load(settings.prices.as_deref())?,
            free: settings.provider.is_some_and(Provider::is_free),
        })
    }

    fn of(&self, model: &str) -> Option<Price> {
        match self.free {
            true => Some(Price::NOTHING),
            false => self.prices.of(model),
        }
    }

    fn amount(&self, model: &str, tokens: Tokens) -> Amount {
        Amount {
            tokens,
            usd: self.of(model).map_or(0.0, |price| price.of(tokens)),
        }
    }
}

impl Live {
    fn new(
        settings: &Settings,
        environment: &Environment,
        budget: &Budget,
        answered: bool,
        listener: Option<Listener>,
    ) -> Result<Self, LlmError> {
        let llm = &settings.llm;
        let endpoint = Arc::new(Endpoint::resolve(llm, environment)?);
        let dialect = Arc::new(Dialect::new(llm, endpoint.habits));
        let models = models(llm)?;
        let (transport, http) = transport(Parts {
            settings: llm,
            endpoint: Arc::clone(&endpoint),
            dialect: Arc::clone(&dialect),
            budget: budget.clone(),
            listener,
        })?;
        let live = Self {
            prober: Arc::new(Prober::new(llm, Arc::clone(&endpoint), http, models.clone())),
            pricing: Pricing::new(llm)?,
            endpoint,
            dialect,
            transport,
            answered: AtomicBool::new(answered),
            probed: OnceCell::new(),
        };
        if settings.budget.usd.is_some() {
            for model in &models {
                if live.pricing.of(model).is_none() {
                    return Err(rejected(
                        &format!("budget.usd is set, and the price of `{model}` is not known"),
                        &format!(
                            "put [models.\"{model}\"] with input and output, in US dollars per million tokens, into a \
                             file and name it by llm.prices; or set budget.tokens in place of budget.usd"
                        ),
                    ));
                }
            }
        }
        Ok(live)
    }

    async fn call(
        &self,
        agent: &AgentName,
        question: &Question,
        request: &Arc<ChatRequest>,
        lost: &Arc<Lost>,
    ) -> Result<Receipt, LlmError> {
        let began = Instant::now();
        let price = self.pricing.of(&request.model);
        let call = Call::new(Arc::clone(request), agent.clone(), price, Arc::clone(lost));
        let outcome = self.transport.clone().call(call).await;
        let time = began.elapsed();
        let mut receipt = blank(agent, question, &request.model);
        match outcome {
            Ok(reply) => {
                self.answered.store(true, Ordering::Relaxed);
                receipt.estimated = reply.usage.is_none();
                receipt.usage = reply.usage.unwrap_or_else(|| estimated(request, &reply));
                receipt.problem = reply.refusal.map(Problem::Refused);
                receipt.text = reply.text;
                receipt.finish_reason = reply.finish_reason;
            }
            Err(fault) => {
                let tried = Tried {
                    endpoint: &self.endpoint,
                    model: &request.model,
                    attempts: lost.attempts(),
                    time,
                    answered: self.answered.load(Ordering::Relaxed),
                };
                match tried.end(fault) {
                    End::Open(error) => return Err(error),
                    End::Settled(problem) => receipt.problem = Some(problem),
                }
            }
        }
        let lost = lost.tokens();
        receipt.estimated |= lost.sum() > 0;
        receipt.usage += lost;
        receipt.usd = price.map(|price| price.of(receipt.usage));
        tracing::debug!(
            agent = %agent,
            purpose = question.purpose,
            { crate::telemetry::fields::GEN_AI_MODEL } = request.model,
            { crate::telemetry::fields::GEN_AI_INPUT_TOKENS } = receipt.usage.input,
            { crate::telemetry::fields::GEN_AI_OUTPUT_TOKENS } = receipt.usage.output,
            { crate::telemetry::fields::ELAPSED_MS } = time.as_millis() as u64,
            "the model replied"
        );
        Ok(receipt)
    }

    /// A whole reply without any JSON where the endpoint was to hold it to a schema: it passes over that.
    fn ignores_form(&self, receipt: &Receipt) {
        let form = self.dialect.form();
        if receipt.finish_reason == "stop" && !receipt.text.trim().is_empty() && form.structured != Structured::Plain {
            self.dialect.passed_over(form.structured);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl fmt::Debug for Mind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut mind = f.debug_struct("Mind");
        match &self.inner.asked {
            Asked::Endpoint(live) => mind.field("endpoint", &live.endpoint.base_url),
            Asked::Replay(replay, _) => mind.field("recorded", &replay.len()),
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

/// The models in use, each once.
pub(super) fn models(settings: &config::LlmSettings) -> Result<Vec<String>, LlmError> {
    let mut models = Vec::new();
    for (agent, model) in settings.models_by_agent() {
        let model = model.ok_or_else(|| no_model(agent))?.to_owned();
        if !models.contains(&model) {
            models.push(model);
        }
    }
    Ok(models)
}

fn no_schema(reason: String) -> LlmError {
    LlmError::Invalid {
        reason: format!("its form has no schema: {reason}"),
    }
}

fn no_model(agent: &str) -> LlmError {
    rejected(
        &format!("no model is set for the agent `{agent}`"),
        "set llm.model, or one for each agent in [llm.models]",
    )
}

fn blank(agent: &AgentName, question: &Question, model: &str) -> Receipt {
    Receipt {
        agent: agent.to_string(),
        purpose: question.purpose.to_owned(),
        cycle: question.cycle,
        model: model.to_owned(),
        template_sha256: question.template_sha256.clone(),
        text: String::new(),
        finish_reason: String::new(),
        usage: Tokens::default(),
        usd: None,
        estimated: false,
        problem: None,
    }
}

/// What was answered and what is wrong with it, with the form once more: the endpoint may not have passed it on.
fn second_try(text: &str, reason: &str, shape: &Shape, room: u64) -> [Turn; 2] {
    let mut kept: String = match text.trim() {
        "" => "(nothing)".to_owned(),
        text => text.chars().take(2 * room as usize).collect(),
    };
    while estimate(&kept) > room.max(8) {
        let half = kept.chars().count() / 2;
        kept = kept.chars().take(half).collect();
    }
    [
        Turn {
            role: "assistant",
            content: kept,
        },
        Turn {
            role: "user",
            content: format!(
                "That answer cannot be used: {reason}\n\nAnswer the question again with one whole JSON object that fits \
                 this JSON schema, and with nothing else:\n{}",
                shape.text()
            ),
        },
    ]
}

fn llm_error(error: AgentError) -> LlmError {
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

/// A runtime on a thread of its own: calls go on whatever becomes of the agents' threads, and keep those free.
fn runtime(stop: CancellationToken) -> Result<tokio::runtime::Handle, LlmError> {
    let cannot = |error: std::io::Error| {
        rejected(
            &format!("no thread can be started for calls to a model: {error}"),
            "raise this machine's limits of threads and open files",
        )
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(cannot)?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("minds".to_owned())
        .spawn(move || runtime.block_on(stop.cancelled()))
        .map_err(cannot)?;
    Ok(handle)
}
