//! An endpoint in use: its transport, and the receipt that a call over it gives.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{sync::OnceCell, time::Instant};
use tower::Service;

use super::{models::models, pricing::Pricing};
use crate::{
    config::{Environment, Settings, Structured},
    llm::{
        Listener, LlmError, Probed, Problem, Question, Receipt,
        budget::Budget,
        dialect::Dialect,
        endpoint::{Endpoint, rejected},
        outcome::{End, Tried},
        probe::Prober,
        request::ChatRequest,
        transport::{Call, Lost, Parts, Transport, estimated, transport},
    },
    message::AgentName,
};

pub(super) struct LiveEndpoint {
    pub(super) endpoint: Arc<Endpoint>,
    dialect: Arc<Dialect>,
    transport: Transport,
    pub(super) prober: Arc<Prober>,
    pub(super) pricing: Pricing,
    /// Whether the endpoint has answered a question of this run.
    answered: AtomicBool,
    pub(super) probed: OnceCell<Probed>,
}

impl LiveEndpoint {
    pub(super) fn new(
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

    pub(super) async fn call(
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
        let mut receipt = Receipt::without_reply(agent, question, &request.model);
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
    pub(super) fn note_ignored_form(&self, receipt: &Receipt) {
        let form = self.dialect.form();
        if receipt.finish_reason == "stop" && !receipt.text.trim().is_empty() && form.structured != Structured::Plain {
            self.dialect.passed_over(form.structured);
        }
    }
}
