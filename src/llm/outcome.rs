//! What the last failure of a call means to who asked, and what to do about it.

use std::time::Duration;

use super::{
    LlmError, Problem,
    endpoint::Endpoint,
    fault::{Fault, Meaning},
};
use crate::config::Provider;

/// A call's end without a reply.
#[derive(Debug, Clone)]
pub(super) enum End {
    /// It would end like this again: it is recorded like a reply.
    Settled(Problem),
    /// It may end otherwise another time.
    Open(LlmError),
}

/// What happened to a call, for the words of an error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tried<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) model: &'a str,
    pub(super) attempts: u64,
    pub(super) time: Duration,
    /// Whether the endpoint has answered anything in this run.
    pub(super) answered: bool,
}

impl Tried<'_> {
    /// The end that the last fault makes.
    pub(super) fn end(&self, fault: Fault) -> End {
        match (fault.meaning(), fault) {
            (_, Fault::BudgetSpent { budget, detail }) => End::Open(LlmError::BudgetSpent { budget, detail }),
            (_, fault @ (Fault::TooLarge(_) | Fault::Empty)) => End::Settled(Problem::Unusable(fault.to_string())),
            (Meaning::Declined, fault) => End::Settled(Problem::Refused(fault.to_string())),
            (Meaning::TooLong, fault) => End::Settled(Problem::Unusable(format!(
                "the prompt is too long for the model ({fault}); lower llm.context_tokens"
            ))),
            // An endpoint that has never answered is wrong for good; one that has turns down this question.
            (Meaning::Request, fault) if self.answered => End::Settled(Problem::Unusable(format!(
                "the endpoint turned the question down ({fault})"
            ))),
            (Meaning::Passing | Meaning::Ours, fault) => End::Open(self.outage(&fault)),
            (_, fault) => End::Open(self.rejection(&fault)),
        }
    }

    /// The endpoint is wrong for good.
    pub(super) fn rejection(&self, fault: &Fault) -> LlmError {
        let (name, model) = (self.endpoint.name(), self.model);
        let key = match &self.endpoint.key_variable {
            Some(variable) if self.endpoint.has_key => format!("check the key in {variable}"),
            Some(variable) => format!("put a key into the environment variable {variable}"),
            None => "name the variable that holds the key by llm.api_key_env".to_owned(),
        };
        let (what, remedy) = match fault.meaning() {
            Meaning::Key => (format!("{name} turns the key down: {fault}"), key),
            Meaning::Quota => (
                format!("the account at {name} has nothing left: {fault}"),
                "top it up or raise its limit, then `kosmos resume` goes on".to_owned(),
            ),
            Meaning::NotThere => (
                format!("{name} has no model `{model}`, or is no OpenAI-compatible endpoint: {fault}"),
                self.get_model(),
            ),
            _ => (
                format!("{name} turns our requests down: {fault}"),
                "check llm.model, and try llm.structured = \"plain\" or llm.stream = false".to_owned(),
            ),
        };
        LlmError::Rejected { what, remedy }
    }

    /// How to get at a model that is not there.
    pub(super) fn get_model(&self) -> String {
        let model = self.model;
        match self.endpoint.provider {
            Some(Provider::Ollama) => format!("`ollama pull {model}`, or set llm.model to one that `ollama list` has"),
            Some(Provider::Vllm) => format!("start it by `vllm serve {model}`, or set llm.model to the one served"),
            Some(Provider::Litellm) => {
                format!("add `{model}` to the proxy's model_list, or set llm.model to one of it")
            }
            Some(provider) => {
                format!("set llm.model to a model of {provider}; llm.base_url is the address up to /chat/completions")
            }
            None => "set llm.model to a model of the endpoint; llm.base_url is its address up to /chat/completions"
                .to_owned(),
        }
    }

    /// The endpoint is away, or limits us, for longer than we wait.
    pub(super) fn outage(&self, fault: &Fault) -> LlmError {
        let name = self.endpoint.name();
        let time = Duration::from_millis(self.time.as_millis() as u64);
        let tries = match self.attempts {
            0 | 1 => String::new(),
            several => format!(" in {several} tries over {}", humantime::format_duration(time)),
        };
        let remedy = match fault {
            Fault::Connect(_) => self.start_server(),
            Fault::Late(_) => "raise llm.timeout, or choose a faster model".to_owned(),
            Fault::Garbled(_) => "check llm.base_url: it is the address up to and without /chat/completions".to_owned(),
            Fault::Refused(refusal) if refusal.status == 429 => {
                "wait until it takes calls again, or lower llm.requests_per_minute or llm.max_concurrent".to_owned()
            }
            _ => "wait until it is well again".to_owned(),
        };
        LlmError::Outage {
            what: format!("{name} gave no reply{tries}: {fault}"),
            remedy,
        }
    }

    fn start_server(&self) -> String {
        match self.endpoint.provider {
            Some(Provider::Ollama) => "start it by `ollama serve`, or set llm.base_url to where it is".to_owned(),
            Some(Provider::Vllm) => format!(
                "start it by `vllm serve {}`, or set llm.base_url to where it is",
                self.model
            ),
            Some(Provider::Litellm) => {
                "start the proxy by `litellm --config FILE`, or set llm.base_url to where it is".to_owned()
            }
            _ if self.endpoint.is_local => "start the server, or set llm.base_url to where it is".to_owned(),
            _ => "check llm.base_url and this machine's network".to_owned(),
        }
    }
}
