//! The result of a call that failed: an error with its remedy, or a problem that is recorded like a reply.

use std::time::Duration;

use super::Provider;
use super::{
    LlmError, ReplyProblem,
    endpoint::Endpoint,
    fault::{CallFault, Meaning},
};

/// The result of a call without a reply.
#[derive(Debug, Clone)]
pub(super) enum CallEnd {
    /// Would recur: recorded like a reply.
    Settled(ReplyProblem),
    /// May not recur: not recorded.
    Open(LlmError),
}

/// A failed call's attempts, for the texts of errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallAttempts<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) model: &'a str,
    pub(super) attempts: u64,
    pub(super) time: Duration,
    /// Whether the endpoint has answered any call of this run.
    pub(super) answered: bool,
}

impl CallAttempts<'_> {
    /// Classifies the last fault of a call.
    pub(super) fn end_of_call(&self, fault: CallFault) -> CallEnd {
        match (fault.meaning(), fault) {
            (_, CallFault::BudgetSpent { budget, detail }) => CallEnd::Open(LlmError::BudgetSpent { budget, detail }),
            (_, fault @ (CallFault::TooLarge(_) | CallFault::Empty)) => {
                CallEnd::Settled(ReplyProblem::Unusable(fault.to_string()))
            }
            (Meaning::Declined, fault) => CallEnd::Settled(ReplyProblem::Refused(fault.to_string())),
            (Meaning::TooLong, fault) => CallEnd::Settled(ReplyProblem::Unusable(format!(
                "the prompt is too long for the model ({fault}); lower llm.context_tokens"
            ))),
            // An endpoint that has never answered is misconfigured; one that has answered rejects this question.
            (Meaning::Request, fault) if self.answered => CallEnd::Settled(ReplyProblem::Unusable(format!(
                "the endpoint rejected the question ({fault})"
            ))),
            (Meaning::Passing | Meaning::Ours, fault) => CallEnd::Open(self.outage_error(&fault)),
            (_, fault) => CallEnd::Open(self.rejection_error(&fault)),
        }
    }

    /// The error of an endpoint that cannot be used as it is set up.
    pub(super) fn rejection_error(&self, fault: &CallFault) -> LlmError {
        let (name, model) = (self.endpoint.display_name(), self.model);
        let key = match &self.endpoint.key_variable {
            Some(variable) if self.endpoint.has_key => format!("check the key in {variable}"),
            Some(variable) => format!("set the environment variable {variable} to a key"),
            None => "name the environment variable that holds the key in llm.api_key_env".to_owned(),
        };
        let (what, remedy) = match fault.meaning() {
            Meaning::Key => (format!("{name} rejects the key: {fault}"), key),
            Meaning::Quota => (
                format!("the account at {name} has no quota left: {fault}"),
                "add credit or raise its limit, then continue with `kosmos resume`".to_owned(),
            ),
            Meaning::NotThere => (
                format!("{name} has no model `{model}`, or is not an OpenAI-compatible endpoint: {fault}"),
                self.model_remedy(),
            ),
            _ => (
                format!("{name} rejects our requests: {fault}"),
                "check llm.model, and try llm.structured = \"plain\" or llm.stream = false".to_owned(),
            ),
        };
        LlmError::Rejected { what, remedy }
    }

    /// How the user gets a model that the endpoint does not have.
    pub(super) fn model_remedy(&self) -> String {
        let model = self.model;
        match self.endpoint.provider {
            Some(Provider::Ollama) => format!("`ollama pull {model}`, or set llm.model to one that `ollama list` has"),
            Some(Provider::Vllm) => {
                format!("start it with `vllm serve {model}`, or set llm.model to the model that is served")
            }
            Some(Provider::Litellm) => {
                format!("add `{model}` to the proxy's model_list, or set llm.model to a model in it")
            }
            Some(provider) => {
                format!("set llm.model to a model of {provider}; llm.base_url is the address without /chat/completions")
            }
            None => "set llm.model to a model of the endpoint; llm.base_url is its address without /chat/completions"
                .to_owned(),
        }
    }

    /// The error of an endpoint that is unreachable or rate-limits us for too long.
    pub(super) fn outage_error(&self, fault: &CallFault) -> LlmError {
        let name = self.endpoint.display_name();
        let time = Duration::from_millis(self.time.as_millis() as u64);
        let tries = match self.attempts {
            0 | 1 => String::new(),
            several => format!(" in {several} tries over {}", humantime::format_duration(time)),
        };
        let remedy = match fault {
            CallFault::Connect(_) => self.server_remedy(),
            CallFault::Late(_) => "raise llm.timeout, or choose a faster model".to_owned(),
            CallFault::Garbled(_) => "check llm.base_url: it is the address without /chat/completions".to_owned(),
            CallFault::Refused(refusal) if refusal.status == 429 => {
                "wait until it accepts calls again, or lower llm.requests_per_minute or llm.max_concurrent".to_owned()
            }
            _ => "wait until it has recovered".to_owned(),
        };
        LlmError::Outage {
            what: format!("{name} gave no reply{tries}: {fault}"),
            remedy,
        }
    }

    fn server_remedy(&self) -> String {
        match self.endpoint.provider {
            Some(Provider::Ollama) => "start it with `ollama serve`, or set llm.base_url to its address".to_owned(),
            Some(Provider::Vllm) => format!(
                "start it with `vllm serve {}`, or set llm.base_url to its address",
                self.model
            ),
            Some(Provider::Litellm) => {
                "start the proxy with `litellm --config FILE`, or set llm.base_url to its address".to_owned()
            }
            _ if self.endpoint.is_local => "start the server, or set llm.base_url to its address".to_owned(),
            _ => "check llm.base_url and this machine's network".to_owned(),
        }
    }
}
