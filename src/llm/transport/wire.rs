//! The lowest step: one request by async-openai, and its reply read to the end.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_openai::{Client, error::OpenAIError};
use futures::{FutureExt, StreamExt};
use serde_json::Value;
use tokio::time::timeout;

use super::{
    Calling, Ever, ModelCall, Step,
    guard::{HttpGuard, SeenFault},
    http::OpenAiAddress,
};
use crate::llm::{
    MindEvent, MindListener, Redactor,
    dialect::{Dialect, Form},
    endpoint::Endpoint,
    fault::{CallFault, error_in_reply},
    reply::{PartialReply, WholeReply},
};

/// Maximum number of forms that one attempt tries: more than a request has optional parts.
const FORMS: usize = 8;

/// How long to wait for data after the end of the answer, such as the token count.
const AFTERWARDS: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(super) struct HttpStep {
    http: reqwest::Client,
    address: OpenAiAddress,
    endpoint: Arc<Endpoint>,
    dialect: Arc<Dialect>,
    max_reply: u64,
    listener: Option<MindListener>,
}

impl HttpStep {
    pub(super) fn new(
        http: reqwest::Client,
        endpoint: Arc<Endpoint>,
        dialect: Arc<Dialect>,
        max_reply: u64,
        listener: Option<MindListener>,
    ) -> Ever<Self> {
        Ever(Self {
            http,
            address: OpenAiAddress::new(Arc::clone(&endpoint)),
            endpoint,
            dialect,
            max_reply,
            listener,
        })
    }

    /// One attempt, in as many forms as the endpoint requires.
    async fn try_forms(&self, call: &ModelCall) -> Result<WholeReply, CallFault> {
        for _ in 1..FORMS {
            let form = self.dialect.current_form();
            match self.send_form(call, form).await {
                Err(CallFault::Refused(refusal)) if self.dialect.learn_from(&refusal, form) => {}
                outcome => return outcome,
            }
        }
        self.send_form(call, self.dialect.current_form()).await
    }

    async fn send_form(&self, call: &ModelCall, form: Form) -> Result<WholeReply, CallFault> {
        call.lost.attempts.fetch_add(1, Ordering::Relaxed);
        let seen = SeenFault::default();
        let guard = HttpGuard {
            http: self.http.clone(),
            redactor: self.endpoint.redactor.clone(),
            max_reply: self.max_reply,
            stream: form.stream,
            progress: Arc::clone(&call.progress),
            seen: seen.clone(),
        };
        let client = Client::build(self.http.clone(), self.address.clone()).with_http_service(guard);
        let body = call.request.to_body(form);
        let fault = |error: OpenAIError| fault_of(error, &seen);
        if form.stream {
            let stream = client
                .chat()
                .create_stream_byot::<_, Value>(body)
                .await
                .map_err(fault)?;
            self.gather_stream(call, stream, &seen).await
        } else {
            let value: Value = client.chat().create_byot(body).await.map_err(fault)?;
            let mut gathered = PartialReply::default();
            self.gather_value(&mut gathered, &value)?;
            gathered.into_reply()
        }
    }

    /// Gathers a stream. Once the model has signalled its end the answer is complete: what follows or fails
    /// afterwards does not matter.
    async fn gather_stream(
        &self,
        call: &ModelCall,
        mut stream: async_openai::types::stream::StreamResponse<Value>,
        seen: &SeenFault,
    ) -> Result<WholeReply, CallFault> {
        let mut gathered = PartialReply::default();
        let mut pieces = self.listener.as_ref().map(|listener| Pieces {
            redactor: &self.endpoint.redactor,
            listener,
            agent: call.agent.as_str(),
            held: String::new(),
            shown: String::new(),
        });
        loop {
            let next = match gathered.is_finished() {
                false => stream.next().await,
                true => timeout(AFTERWARDS, stream.next()).await.unwrap_or(None),
            };
            match next {
                None => break,
                Some(Ok(value)) => {
                    let part = self.gather_value(&mut gathered, &value)?;
                    call.progress.received.store(gathered.letters(), Ordering::Relaxed);
                    if let Some(pieces) = &mut pieces {
                        pieces.add_part(&part);
                    }
                }
                Some(Err(_)) if gathered.is_finished() => break,
                Some(Err(error)) => return Err(fault_of(error, seen)),
            }
        }
        if let Some(pieces) = &mut pieces {
            pieces.show_rest();
        }
        gathered.into_streamed_reply()
    }

    fn gather_value(&self, gathered: &mut PartialReply, value: &Value) -> Result<String, CallFault> {
        if let Some(fault) = error_in_reply(value, &self.endpoint.redactor) {
            return Err(fault);
        }
        let part = gathered.add_chunk(value);
        if gathered.letters() > self.max_reply {
            return Err(CallFault::TooLarge(gathered.letters()));
        }
        Ok(part)
    }
}

impl Step for HttpStep {
    fn take_call(&self, call: ModelCall) -> Calling {
        let wire = self.clone();
        async move {
            let mut reply = wire.try_forms(&call).await?;
            // Again on the decoded text: JSON can write a letter in several ways.
            let strike = |text: &str| wire.endpoint.redactor.strike_secrets(text).into_owned();
            reply.text = strike(&reply.text);
            reply.finish_reason = strike(&reply.finish_reason);
            reply.refusal = reply.refusal.as_deref().map(strike);
            Ok(reply)
        }
        .boxed()
    }
}

/// Pieces of a reply on their way to a display; a possible beginning of a secret is held back.
struct Pieces<'a> {
    redactor: &'a Redactor,
    listener: &'a MindListener,
    agent: &'a str,
    held: String,
    shown: String,
}

impl Pieces<'_> {
    fn add_part(&mut self, part: &str) {
        self.held.push_str(part);
        self.show_up_to(self.redactor.safe_len(&self.held));
    }

    fn show_rest(&mut self) {
        self.show_up_to(self.held.len());
    }

    fn show_up_to(&mut self, to: usize) {
        let held = self.held.split_off(to);
        let piece = std::mem::replace(&mut self.held, held);
        if piece.is_empty() {
            return;
        }
        let piece = self.redactor.strike_secrets(&piece);
        self.shown.push_str(&piece);
        (self.listener)(MindEvent::Said {
            agent: self.agent,
            piece: &piece,
            so_far: &self.shown,
        });
    }
}

/// The fault behind an error of async-openai: our own, or one made from its text.
fn fault_of(error: OpenAIError, seen: &SeenFault) -> CallFault {
    if let Some(fault) = seen.take_fault() {
        return fault;
    }
    match error {
        OpenAIError::Boxed(error) => match error.downcast::<CallFault>() {
            Ok(fault) => *fault,
            Err(error) => CallFault::Garbled(error.to_string()),
        },
        OpenAIError::Reqwest(error) => CallFault::Cut(super::guard::describe_causes(&error)),
        OpenAIError::JSONDeserialize(error, _) => CallFault::Garbled(error.to_string()),
        OpenAIError::StreamError(_) => CallFault::Cut("the stream of events broke off".to_owned()),
        other => CallFault::Garbled(other.to_string()),
    }
}
