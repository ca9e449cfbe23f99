//! The HTTP service below async-openai. It reads what async-openai would lose or log, such as the status of every
//! answer, and passes on only JSON of bounded size without secrets.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use async_openai::{error::OpenAIError, middleware::HttpRequestFactory};
use bytes::Bytes;
use futures::{FutureExt, Stream, future::BoxFuture};
use reqwest::{
    Response,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::time::timeout;
use tower::Service;

use super::Progress;
use crate::llm::{
    Redactor,
    fault::{CallFault, ErrorAnswer},
};

/// Bytes of an error's body that are read.
const ERROR_BODY: u64 = 64 * 1024;

/// Bytes around the letters of a reply: ids, usage, escapes.
const AROUND: u64 = 64 * 1024;

/// Bytes per letter in a stream, which wraps every few letters in an object.
const STREAMED: u64 = 32;

/// The end of a stream follows its last event at once, or is not worth waiting for.
const ENDING: Duration = Duration::from_millis(100);

/// The service of one attempt.
#[derive(Clone)]
pub(super) struct HttpGuard {
    pub(super) http: reqwest::Client,
    pub(super) redactor: Redactor,
    pub(super) max_reply: u64,
    pub(super) stream: bool,
    pub(super) progress: Arc<Progress>,
    pub(super) seen: SeenFault,
}

/// The fault that ended a body: async-openai passes on only its text.
#[derive(Clone, Default)]
pub(super) struct SeenFault(Arc<Mutex<Option<CallFault>>>);

impl SeenFault {
    pub(super) fn take_fault(&self) -> Option<CallFault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep_fault(&self, fault: CallFault) -> io::Error {
        let error = io::Error::other(fault.to_string());
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(fault);
        error
    }
}

impl Service<HttpRequestFactory> for HttpGuard {
    type Response = Response;
    type Error = OpenAIError;
    type Future = BoxFuture<'static, Result<Response, OpenAIError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Self::Future {
        let guard = self.clone();
        async move {
            let request = request.build().await?;
            guard
                .send_request(request)
                .await
                .map_err(|fault| OpenAIError::Boxed(Box::new(fault)))
        }
        .boxed()
    }
}

impl HttpGuard {
    async fn send_request(self, request: reqwest::Request) -> Result<Response, CallFault> {
        self.progress.sent.store(true, Ordering::Relaxed);
        let mut response = self.http.execute(request).await.map_err(|error| {
            if error.is_connect() {
                self.progress.sent.store(false, Ordering::Relaxed);
                CallFault::Connect(self.redactor.strike_secrets(&describe_causes(&error)).into_owned())
            } else {
                CallFault::Cut(self.redactor.strike_secrets(&describe_causes(&error)).into_owned())
            }
        })?;
        let status = response.status();
        if !status.is_success() {
            let wait = read_retry_after(response.headers(), SystemTime::now());
            // A failure to read the body does not hide the status.
            let body = read_body(&mut response, ERROR_BODY).await.unwrap_or_default();
            let refusal = ErrorAnswer::from_body(status.as_u16(), &body, wait, &self.redactor);
            return Err(CallFault::Refused(Box::new(refusal)));
        }
        let kind = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        if self.stream && kind.starts_with("text/event-stream") {
            return Ok(self.stream_response(response));
        }
        let body = read_body(&mut response, self.max_reply.saturating_add(AROUND)).await?;
        self.progress.received.fetch_add(body.len() as u64, Ordering::Relaxed);
        self.check_whole_body(&body, &kind)
    }

    /// Checks a whole body, regardless of its content type.
    fn check_whole_body(&self, body: &[u8], kind: &str) -> Result<Response, CallFault> {
        let text = String::from_utf8_lossy(body);
        let value: Value = match serde_json::from_str(&text) {
            Ok(value) => value,
            Err(_) if self.stream && text.trim_start().starts_with("data:") => {
                return Ok(rebuild_response(
                    self.redactor.strike_secrets(&text).into_owned(),
                    "text/event-stream",
                ));
            }
            Err(error) => {
                let kind = if kind.is_empty() { "no content type" } else { kind };
                return Err(CallFault::Garbled(format!("{kind}, not JSON ({error})")));
            }
        };
        let json = value.to_string();
        let json = self.redactor.strike_secrets(&json);
        Ok(match self.stream {
            // The endpoint does not stream: turn its reply into a stream of one event.
            true => rebuild_response(format!("data: {json}\n\ndata: [DONE]\n\n"), "text/event-stream"),
            false => rebuild_response(json.into_owned(), "application/json"),
        })
    }

    fn stream_response(self, response: Response) -> Response {
        let body = reqwest::Body::wrap_stream(self.checked_lines(response));
        let mut response = http::Response::new(body);
        response
            .headers_mut()
            .insert(CONTENT_TYPE, http::HeaderValue::from_static("text/event-stream"));
        response.into()
    }

    /// The lines of an event stream, each checked before it is passed on.
    fn checked_lines(self, response: Response) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static {
        let lines = Lines {
            most: self.max_reply.saturating_mul(STREAMED).saturating_add(AROUND),
            guard: self,
            response,
            buffer: Vec::new(),
            read: 0,
            done: false,
            over: false,
        };
        futures::stream::unfold(lines, |mut lines| async move {
            let next = lines.next_lines().await?;
            Some((next, lines))
        })
    }
}

struct Lines {
    guard: HttpGuard,
    response: Response,
    buffer: Vec<u8>,
    read: u64,
    most: u64,
    /// Whether the last event has arrived.
    done: bool,
    over: bool,
}

impl Lines {
    async fn next_lines(&mut self) -> Option<Result<Bytes, io::Error>> {
        while !self.over {
            match self.response.chunk().await {
                Ok(Some(bytes)) => {
                    self.read += bytes.len() as u64;
                    self.buffer.extend_from_slice(&bytes);
                    if self.read > self.most || self.buffer.len() as u64 > self.guard.max_reply.saturating_add(AROUND) {
                        return Some(Err(self.end_with(CallFault::TooLarge(self.read))));
                    }
                    let Some(end) = self.buffer.iter().rposition(|byte| *byte == b'\n') else {
                        continue;
                    };
                    let rest = self.buffer.split_off(end + 1);
                    let whole = std::mem::replace(&mut self.buffer, rest);
                    let checked = self.check_lines(&whole);
                    if self.done {
                        self.drain_body().await;
                    }
                    return Some(checked);
                }
                Ok(None) => {
                    self.over = true;
                    let rest = std::mem::take(&mut self.buffer);
                    return (!rest.is_empty()).then(|| self.check_lines(&rest));
                }
                Err(error) => {
                    let words = describe_causes(&error);
                    let words = self.guard.redactor.strike_secrets(&words).into_owned();
                    return Some(Err(self.end_with(CallFault::Cut(words))));
                }
            }
        }
        None
    }

    /// Reads the end of the body after its last event: otherwise the connection cannot be reused.
    async fn drain_body(&mut self) {
        self.over = true;
        let _ = timeout(ENDING, async { while let Ok(Some(_)) = self.response.chunk().await {} }).await;
    }

    fn end_with(&mut self, fault: CallFault) -> io::Error {
        self.over = true;
        self.guard.seen.keep_fault(fault)
    }

    fn check_lines(&mut self, lines: &[u8]) -> Result<Bytes, io::Error> {
        let text = String::from_utf8_lossy(lines);
        for line in text.lines() {
            let Some(data) = line.strip_prefix("data:").map(str::trim) else {
                continue;
            };
            if data == "[DONE]" {
                self.done = true;
            }
            if data.is_empty() || data == "[DONE]" {
                continue;
            }
            if let Err(error) = serde_json::from_str::<IgnoredAny>(data) {
                return Err(self.end_with(CallFault::Garbled(format!(
                    "an event of the stream is not JSON ({error})"
                ))));
            }
        }
        Ok(Bytes::from(self.guard.redactor.strike_secrets(&text).into_owned()))
    }
}

/// Reads a body of at most `most` bytes.
async fn read_body(response: &mut Response, most: u64) -> Result<Vec<u8>, CallFault> {
    let mut body = Vec::new();
    while let Some(bytes) = response
        .chunk()
        .await
        .map_err(|error| CallFault::Cut(describe_causes(&error)))?
    {
        if body.len() as u64 + bytes.len() as u64 > most {
            return Err(CallFault::TooLarge(most));
        }
        body.extend_from_slice(&bytes);
    }
    Ok(body)
}

fn rebuild_response(body: String, kind: &'static str) -> Response {
    let mut response = http::Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, http::HeaderValue::from_static(kind));
    response.into()
}

/// The causes of an HTTP error without the address: the last ones say what happened.
pub(in crate::llm) fn describe_causes(error: &reqwest::Error) -> String {
    let mut causes: Vec<String> = std::iter::successors(std::error::Error::source(error), |cause| cause.source())
        .map(ToString::to_string)
        // The client's own layers; the errors that they wrap say more.
        .filter(|cause| !cause.starts_with("client error ("))
        .collect();
    causes.dedup();
    match causes.is_empty() {
        true => "the HTTP client gave up".to_owned(),
        false => causes.join(": "),
    }
}

/// The wait that an endpoint asks for, in milliseconds, seconds or as a date.
fn read_retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let number = |text: &str| {
        text.parse::<f64>()
            .ok()
            .filter(|number| number.is_finite() && *number >= 0.0)
    };
    if let Some(milliseconds) = text("retry-after-ms").and_then(number) {
        return Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    }
    let asked = text(RETRY_AFTER.as_str())?;
    match number(asked) {
        Some(seconds) => Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)),
        None => {
            let date = httpdate::parse_http_date(asked).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_how_long_to_wait() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let table = [
            ("retry-after", "7", Some(7.0)),
            ("retry-after", " 0.5 ", Some(0.5)),
            ("retry-after", "10800", Some(10800.0)),
            ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT", Some(60.0)),
            ("retry-after", "Sun, 06 Nov 1994 08:40:37 GMT", Some(0.0)),
            ("retry-after", "-1", None),
            ("retry-after", "NaN", None),
            ("retry-after", "soon", None),
            ("retry-after-ms", "250", Some(0.25)),
            ("x-other", "1", None),
        ];
        for (name, value, seconds) in table {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(
                read_retry_after(&headers, now),
                seconds.map(Duration::from_secs_f64),
                "{name}: {value}"
            );
        }
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "1e300".parse().unwrap());
        assert_eq!(read_retry_after(&headers, now), Some(Duration::MAX));
    }
}
