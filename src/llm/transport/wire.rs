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
    Call, Calling, Ever, Step,
    guard::{Guard, Seen},
    http::Address,
};
use crate::llm::{
    Listener, MindEvent, Redactor,
    dialect::{Dialect, Form},
    endpoint::Endpoint,
    fault::{Fault, error_within},
    reply::{Gathered, Reply},
};

/// Forms that one attempt tries, at most: more than a request has parts to leave out.
const FORMS: usize = 8;

/// What may come after the end of the answer, as the count of tokens does, is waited for so long.
const AFTERWARDS: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(super) struct Wire {
    http: reqwest::Client,
    address: Address,
    endpoint: Arc<Endpoint>,
    dialect: Arc<Dialect>,
    max_reply: u64,
    listener: Option<Listener>,
}

impl Wire {
    pub(super) fn new(
        http: reqwest::Client,
        endpoint: Arc<Endpoint>,
        dialect: Arc<Dialect>,
        max_reply: u64,
        listener: Option<Listener>,
    ) -> Ever<Self> {
        Ever(Self {
            http,
            address: Address::new(Arc::clone(&endpoint)),
            endpoint,
            dialect,
            max_reply,
            listener,
        })
    }

    /// One attempt, in as many forms as the endpoint makes us try.
    async fn attempt(&self, call: &Call) -> Result<Reply, Fault> {
        for _ in 1..FORMS {
            let form = self.dialect.form();
            match self.ask(call, form).await {
                Err(Fault::Refused(refusal)) if self.dialect.learn(&refusal, form) => {}
                outcome => return outcome,
            }
        }
        self.ask(call, self.dialect.form()).await
    }

    async fn ask(&self, call: &Call, form: Form) -> Result<Reply, Fault> {
        call.lost.attempts.fetch_add(1, Ordering::Relaxed);
        let seen = Seen::default();
        let guard = Guard {
            http: self.http.clone(),
            redactor: self.endpoint.redactor.clone(),
            max_reply: self.max_reply,
            stream: form.stream,
            progress: Arc::clone(&call.progress),
            seen: seen.clone(),
        };
        let client = Client::build(self.http.clone(), self.address.clone()).with_http_service(guard);
        let body = call.request.body(form);
        let fault = |error: OpenAIError| fault_of(error, &seen);
        if form.stream {
            let stream = client
                .chat()
                .create_stream_byot::<_, Value>(body)
                .await
                .map_err(fault)?;
            self.listen(call, stream, &seen).await
        } else {
            let value: Value = client.chat().create_byot(body).await.map_err(fault)?;
            let mut gathered = Gathered::default();
            self.take(&mut gathered, &value)?;
            gathered.finish()
        }
    }

    /// Gathers a stream. Once the model has said that it is done, its answer is whole: what comes or fails afterwards
    /// takes nothing from it.
    async fn listen(
        &self,
        call: &Call,
        mut stream: async_openai::types::stream::StreamResponse<Value>,
        seen: &Seen,
    ) -> Result<Reply, Fault> {
        let mut gathered = Gathered::default();
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
                    let part = self.take(&mut gathered, &value)?;
                    call.progress.received.store(gathered.len(), Ordering::Relaxed);
                    if let Some(pieces) = &mut pieces {
                        pieces.add(&part);
                    }
                }
                Some(Err(_)) if gathered.is_finished() => break,
                Some(Err(error)) => return Err(fault_of(error, seen)),
            }
        }
        if let Some(pieces) = &mut pieces {
            pieces.finish();
        }
        gathered.finish_stream()
    }

    fn take(&self, gathered: &mut Gathered, value: &Value) -> Result<String, Fault> {
        if let Some(fault) = error_within(value, &self.endpoint.redactor) {
            return Err(fault);
        }
        let part = gathered.add(value);
        if gathered.len() > self.max_reply {
            return Err(Fault::TooLarge(gathered.len()));
        }
        Ok(part)
    }
}

impl Step for Wire {
    fn take(&self, call: Call) -> Calling {
        let wire = self.clone();
        async move {
            let mut reply = wire.attempt(&call).await?;
            // Once more on the decoded text: in JSON a letter can be written in several ways.
            let strike = |text: &str| wire.endpoint.redactor.strike(text).into_owned();
            reply.text = strike(&reply.text);
            reply.finish_reason = strike(&reply.finish_reason);
            reply.refusal = reply.refusal.as_deref().map(strike);
            Ok(reply)
        }
        .boxed()
    }
}

/// Pieces of a reply on their way to a display; what may be the beginning of a secret is held back until it is none.
struct Pieces<'a> {
    redactor: &'a Redactor,
    listener: &'a Listener,
    agent: &'a str,
    held: String,
    shown: String,
}

impl Pieces<'_> {
    fn add(&mut self, part: &str) {
        self.held.push_str(part);
        self.show(self.redactor.settled(&self.held));
    }

    fn finish(&mut self) {
        self.show(self.held.len());
    }

    fn show(&mut self, to: usize) {
        let held = self.held.split_off(to);
        let piece = std::mem::replace(&mut self.held, held);
        if piece.is_empty() {
            return;
        }
        let piece = self.redactor.strike(&piece);
        self.shown.push_str(&piece);
        (self.listener)(MindEvent::Said {
            agent: self.agent,
            piece: &piece,
            so_far: &self.shown,
        });
    }
}

/// The fault in an error of async-openai: ours as we made it, else by its words.
fn fault_of(error: OpenAIError, seen: &Seen) -> Fault {
    if let Some(fault) = seen.take() {
        return fault;
    }
    match error {
        OpenAIError::Boxed(error) => match error.downcast::<Fault>() {
            Ok(fault) => *fault,
            Err(error) => Fault::Garbled(error.to_string()),
        },
        OpenAIError::Reqwest(error) => Fault::Cut(super::guard::causes(&error)),
        OpenAIError::JSONDeserialize(error, _) => Fault::Garbled(error.to_string()),
        OpenAIError::StreamError(_) => Fault::Cut("the stream of events broke off".to_owned()),
        other => Fault::Garbled(other.to_string()),
    }
}
