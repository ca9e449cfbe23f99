//! An endpoint in use: its transport, and the receipt of each call.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use kosmos_core::environment::Environment;
use kosmos_engine::AgentName;
use tokio::{sync::OnceCell, time::Instant};
use tower::Service;

use super::{models::models_in_use, pricing::Pricing};
use crate::llm::{
    LlmError, LlmSettings, MindListener, ModelQuestion, ProbedEndpoint, Receipt, ReplyProblem, Structured,
    budget::SpendingLimit,
    dialect::Dialect,
    endpoint::{Endpoint, rejected},
    outcome::{CallAttempts, CallEnd},
    probe::Prober,
    request::ChatRequest,
    transport::{LostTokens, ModelCall, Transport, TransportParts, build_transport, estimate_usage},
};

pub(super) struct LiveEndpoint {
    pub(super) endpoint: Arc<Endpoint>,
    dialect: Arc<Dialect>,
    transport: Transport,
    pub(super) prober: Arc<Prober>,
    pub(super) pricing: Pricing,
    /// Whether the endpoint has answered any question of this run.
    answered: AtomicBool,
    pub(super) probed: OnceCell<ProbedEndpoint>,
}

impl LiveEndpoint {
    pub(super) fn new(
        llm: &LlmSettings,
        environment: &Environment,
        budget: &SpendingLimit,
        answered: bool,
        listener: Option<MindListener>,
    ) -> Result<Self, LlmError> {
        let endpoint = Arc::new(Endpoint::from_settings(llm, environment)?);
        let dialect = Arc::new(Dialect::new(llm, endpoint.habits));
        let models = models_in_use(llm)?;
        let (transport, http) = build_transport(TransportParts {
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
        if budget.limits_cost() {
            for model in &models {
                if live.pricing.price_of(model).is_none() {
                    return Err(rejected(
                        &format!("budget.usd is set, but the price of `{model}` is not known"),
                        &format!(
                            "put [models.\"{model}\"] with input and output, in US dollars per million tokens, into a \
                             file and name the file in llm.prices; or set budget.tokens instead of budget.usd"
                        ),
                    ));
                }
            }
        }
        Ok(live)
    }

    pub(super) async fn call_model(
        &self,
        agent: &AgentName,
        question: &ModelQuestion,
        request: &Arc<ChatRequest>,
        lost: &Arc<LostTokens>,
    ) -> Result<Receipt, LlmError> {
        let began = Instant::now();
        let price = self.pricing.price_of(&request.model);
        let call = ModelCall::new(Arc::clone(request), agent.clone(), price, Arc::clone(lost));
        let outcome = self.transport.clone().call(call).await;
        let time = began.elapsed();
        let mut receipt = Receipt::without_reply(agent, question, &request.model);
        match outcome {
            Ok(reply) => {
                self.answered.store(true, Ordering::Relaxed);
                receipt.estimated = reply.usage.is_none();
                receipt.usage = reply.usage.unwrap_or_else(|| estimate_usage(request, &reply));
                receipt.problem = reply.refusal.map(ReplyProblem::Refused);
                receipt.text = reply.text;
                receipt.finish_reason = reply.finish_reason;
            }
            Err(fault) => {
                let tried = CallAttempts {
                    endpoint: &self.endpoint,
                    model: &request.model,
                    attempts: lost.attempts(),
                    time,
                    answered: self.answered.load(Ordering::Relaxed),
                };
                match tried.end_of_call(fault) {
                    CallEnd::Open(error) => return Err(error),
                    CallEnd::Settled(problem) => receipt.problem = Some(problem),
                }
            }
        }
        let lost = lost.tokens();
        receipt.estimated |= lost.sum() > 0;
        receipt.usage += lost;
        receipt.usd = price.map(|price| price.cost_of(receipt.usage));
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

    /// Notes a complete reply without any JSON from an endpoint that was given a schema: it ignores schemas.
    pub(super) fn note_ignored_form(&self, receipt: &Receipt) {
        let form = self.dialect.current_form();
        if receipt.finish_reason == "stop" && !receipt.text.trim().is_empty() && form.structured != Structured::Plain {
            self.dialect.stop_sending_schemas(form.structured);
        }
    }
}
