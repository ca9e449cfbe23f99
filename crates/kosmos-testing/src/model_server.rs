//! A scripted HTTP server in process, that stands for an OpenAI-compatible endpoint.
//!
//! It runs on a thread of its own, so a test may block, or run the `kosmos` binary against it:
//!
//! ```ignore
//! let server = ModelServer::start();
//! server.models(["m"]);                                        // what GET /v1/models lists
//! server.script([ScriptedReply::status(503, "<html>busy</html>"), ScriptedReply::hang()]); // the next two
//! server.respond(|asked| ScriptedReply::answer(&json!({"word": asked.user()}))); // every other chat
//! kosmos(["--set", &format!("llm.base_url={}", server.url())]);
//! assert_eq!(server.chats().len(), 3);
//! assert_eq!(server.repeats(), 0);
//! ```
//!
//! A [`ScriptedReply`] is sent to one request: a status, headers and a body, after a delay; dripped, cut off, or
//! never sent. Without
//! a script and a responder each chat is answered by the least value that fits the request's JSON schema.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// A request, as the server saw it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Such as POST.
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Null where there is none, or no JSON.
    pub body: Value,
    /// SHA-256 of the body as it came.
    pub sha256: String,
    /// Chats before this one.
    pub nth: usize,
}

impl Asked {
    /// Returns the text of all turns in a role, joined.
    pub fn said(&self, role: &str) -> String {
        let messages = self.body["messages"].as_array().cloned().unwrap_or_default();
        let said: Vec<String> = messages
            .iter()
            .filter(|message| message["role"] == role)
            .map(|message| message["content"].as_str().unwrap_or_default().to_owned())
            .collect();
        said.join("\n")
    }

    /// The system prompt.
    pub fn system(&self) -> String {
        self.said("system")
    }

    /// The turns of the user, joined.
    pub fn user(&self) -> String {
        self.said("user")
    }

    /// Turns so far: 2 at first, 4 at a second try.
    pub fn turns(&self) -> usize {
        self.body["messages"].as_array().map_or(0, Vec::len)
    }

    /// The JSON schema of the answer: of `response_format`, else the one in the prompt.
    pub fn schema(&self) -> Option<Value> {
        let format = &self.body["response_format"]["json_schema"]["schema"];
        if format.is_object() {
            return Some(format.clone());
        }
        let text = format!("{}\n{}", self.system(), self.user());
        let start = text.rfind("JSON schema")?;
        let json = &text[start + text[start..].find('{')?..];
        serde_json::Deserializer::from_str(json).into_iter().next()?.ok()
    }

    fn streams(&self) -> bool {
        self.body["stream"] == true
    }
}

/// The reply to one request.
#[derive(Debug, Clone)]
pub struct ScriptedReply {
    status: u16,
    headers: Vec<(String, String)>,
    delay: Duration,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    /// A chat completion with this text, streamed if asked for.
    Answer(Answer),
    /// As it is.
    Raw(String),
    /// No answer at all, with the connection open.
    Hang,
    /// The connection is closed before the answer.
    Cut,
}

#[derive(Debug, Clone)]
struct Answer {
    text: String,
    finish_reason: Value,
    usage: Option<(u64, u64)>,
    /// Other fields of the message.
    message: Value,
    /// Wait before each piece of a stream, or each few bytes of a body.
    drip: Option<Duration>,
    /// Where the connection is closed: after so many pieces or bytes.
    cut_after: Option<usize>,
}

impl ScriptedReply {
    /// A chat completion whose content is this JSON.
    pub fn answer(value: &Value) -> Self {
        Self::text(&value.to_string())
    }

    /// A chat completion with this content.
    pub fn text(text: &str) -> Self {
        Self::of(Body::Answer(Answer {
            text: text.to_owned(),
            finish_reason: json!("stop"),
            usage: Some((20, 10)),
            message: json!({}),
            drip: None,
            cut_after: None,
        }))
    }

    /// The least value that fits the schema that was asked for.
    pub fn fitting(asked: &Asked) -> Self {
        Self::answer(&asked.schema().map_or(json!({}), |schema| least(&schema)))
    }

    /// A status with a body, JSON or not.
    pub fn status(status: u16, body: impl ToString) -> Self {
        Self {
            status,
            ..Self::of(Body::Raw(body.to_string()))
        }
    }

    /// Status 200 with a body as it is.
    pub fn raw(body: impl ToString) -> Self {
        Self::status(200, body)
    }

    /// Never answers; the connection stays open.
    pub fn hang() -> Self {
        Self::of(Body::Hang)
    }

    /// Closes the connection in place of an answer.
    pub fn cut() -> Self {
        Self::of(Body::Cut)
    }

    /// Adds a header to the response.
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Answers after a while.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// As the endpoint calls the end; null for a stream that never says so.
    pub fn finish_reason(self, reason: impl Into<Value>) -> Self {
        let reason = reason.into();
        self.change(|answer| answer.finish_reason = reason)
    }

    /// Tokens of prompt and reply; none where the endpoint does not count.
    pub fn usage(self, usage: Option<(u64, u64)>) -> Self {
        self.change(|answer| answer.usage = usage)
    }

    /// Another field of the message, such as `refusal` or `reasoning_content`.
    pub fn field(self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.change(|answer| answer.message[name] = value)
    }

    /// A wait before each piece.
    pub fn drip(self, wait: Duration) -> Self {
        self.change(|answer| answer.drip = Some(wait))
    }

    /// Closes the connection after so many pieces of a stream, or bytes of a body.
    pub fn cut_after(self, pieces: usize) -> Self {
        self.change(|answer| answer.cut_after = Some(pieces))
    }

    fn of(body: Body) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            delay: Duration::ZERO,
            body,
        }
    }

    fn change(mut self, change: impl FnOnce(&mut Answer)) -> Self {
        match &mut self.body {
            Body::Answer(answer) => change(answer),
            other => panic!("{other:?} is no answer"),
        }
        self
    }
}

/// The least value that fits a schema: the first of what may be chosen, empty lists where they may be, zeros.
pub fn least(schema: &Value) -> Value {
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(options) = schema[key].as_array() {
            let null = options.iter().any(|option| option["type"] == "null");
            return if null {
                Value::Null
            } else {
                options.first().map_or(Value::Null, least)
            };
        }
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    if kinds.contains(&"null") {
        return Value::Null;
    }
    match kinds.first().copied().unwrap_or_default() {
        "object" => {
            let properties = schema["properties"].as_object().cloned().unwrap_or_default();
            let required: Vec<String> = serde_json::from_value(schema["required"].clone()).unwrap_or_default();
            let properties = properties.into_iter().filter(|(name, _)| required.contains(name));
            Value::Object(properties.map(|(name, schema)| (name, least(&schema))).collect())
        }
        "array" => {
            let count = schema["minItems"].as_u64().unwrap_or(0);
            Value::Array((0..count).map(|_| least(&schema["items"])).collect())
        }
        "string" => json!("x".repeat(schema["minLength"].as_u64().unwrap_or(1).max(1) as usize)),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(0)),
        "boolean" => json!(false),
        _ => json!({}),
    }
}

type Responder = Arc<dyn Fn(&Asked) -> ScriptedReply + Send + Sync>;

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<ScriptedReply>>,
    responder: Mutex<Option<Responder>>,
    listing: Mutex<Option<ScriptedReply>>,
    chats: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
    listed: AtomicUsize,
    under_way: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// A scripted endpoint; it ends when dropped.
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _stop: oneshot::Sender<()>,
}

impl ModelServer {
    /// A server at a free port of this machine.
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(&listener, &serving) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            shared,
            _stop: stop,
        }
    }

    /// For `llm.base_url`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The replies to the next chats; the responder is asked after them.
    pub fn script(&self, steps: impl IntoIterator<Item = ScriptedReply>) {
        self.shared.script.lock().unwrap().extend(steps);
    }

    /// The reply to every other chat.
    pub fn respond(&self, responder: impl Fn(&Asked) -> ScriptedReply + Send + Sync + 'static) {
        *self.shared.responder.lock().unwrap() = Some(Arc::new(responder));
    }

    /// The models that `GET /v1/models` lists.
    pub fn models<const N: usize>(&self, names: [&str; N]) {
        let data: Vec<Value> = names
            .iter()
            .map(|name| json!({"id": name, "object": "model"}))
            .collect();
        self.listing(ScriptedReply::raw(json!({"object": "list", "data": data})));
    }

    /// The reply to `GET /v1/models`; 404 if none is set.
    pub fn listing(&self, step: ScriptedReply) {
        *self.shared.listing.lock().unwrap() = Some(step);
    }

    /// The chats so far, in the order in which they came.
    pub fn chats(&self) -> Vec<Asked> {
        self.shared.chats.lock().unwrap().clone()
    }

    /// The number of chats so far.
    pub fn calls(&self) -> usize {
        self.shared.chats.lock().unwrap().len()
    }

    /// How often each body came, by its SHA-256.
    pub fn by_body(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for asked in self.shared.chats.lock().unwrap().iter() {
            *counts.entry(asked.sha256.clone()).or_default() += 1;
        }
        counts
    }

    /// Chats whose body had come before.
    pub fn repeats(&self) -> usize {
        self.by_body().values().map(|count| count - 1).sum()
    }

    /// Connections that clients opened.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Requests for the list of models.
    pub fn listings(&self) -> usize {
        self.shared.listed.load(Ordering::SeqCst)
    }

    /// The most chats that were under way at once.
    pub fn most_at_once(&self) -> usize {
        self.shared.most_at_once.load(Ordering::SeqCst)
    }
}

async fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(shared);
        let _ = stream.set_nodelay(true);
        // A client may go away at any time.
        tokio::spawn(async move {
            let _ = serve(stream, &shared).await;
        });
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    while let Some(mut asked) = read(&mut stream, &mut buffer).await? {
        let step = if asked.method == "POST" && asked.path.ends_with("/chat/completions") {
            {
                let mut chats = shared.chats.lock().unwrap();
                asked.nth = chats.len();
                chats.push(asked.clone());
            }
            let scripted = shared.script.lock().unwrap().pop_front();
            let responder = shared.responder.lock().unwrap().clone();
            scripted.unwrap_or_else(|| match responder {
                Some(responder) => responder(&asked),
                None => ScriptedReply::fitting(&asked),
            })
        } else if asked.method == "GET" && asked.path.ends_with("/models") {
            shared.listed.fetch_add(1, Ordering::SeqCst);
            let listing = shared.listing.lock().unwrap().clone();
            listing.unwrap_or_else(|| ScriptedReply::status(404, json!({"error": {"message": "no list"}})))
        } else {
            ScriptedReply::status(404, json!({"error": {"message": "no such path"}}))
        };
        let under_way = shared.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most_at_once.fetch_max(under_way, Ordering::SeqCst);
        let goes_on = send(&mut stream, &asked, step).await;
        shared.under_way.fetch_sub(1, Ordering::SeqCst);
        if !goes_on? {
            return Ok(());
        }
    }
    Ok(())
}

/// The next request; none when the client is done.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Option<Asked>> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(ToOwned::to_owned);
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body: Vec<u8> = buffer[end..end + length].to_vec();
    buffer.drain(..end + length);
    Ok(Some(Asked {
        method,
        path,
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        sha256: format!("{:x}", Sha256::digest(&body)),
        nth: 0,
    }))
}

/// Answers. False when the connection is not to be used again.
async fn send(stream: &mut TcpStream, asked: &Asked, step: ScriptedReply) -> std::io::Result<bool> {
    if !step.delay.is_zero() {
        tokio::time::sleep(step.delay).await;
    }
    match &step.body {
        Body::Cut => Ok(false),
        Body::Hang => {
            // Until the client gives up.
            let mut byte = [0];
            while stream.read(&mut byte).await? > 0 {}
            Ok(false)
        }
        Body::Raw(body) => whole(stream, &step, body.as_bytes(), "application/json", None).await,
        Body::Answer(answer) if asked.streams() => streamed(stream, &step, answer).await,
        Body::Answer(answer) => {
            let body = completion(answer).to_string();
            whole(stream, &step, body.as_bytes(), "application/json", Some(answer)).await
        }
    }
}

fn head(step: &ScriptedReply, kind: &str, length: Option<usize>) -> String {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", step.status);
    let named = |name: &str| step.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    if !named("content-type") {
        head.push_str(&format!("content-type: {kind}\r\n"));
    }
    match length {
        Some(length) => head.push_str(&format!("content-length: {length}\r\n")),
        None => head.push_str("transfer-encoding: chunked\r\n"),
    }
    for (name, value) in &step.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head
}

async fn whole(
    stream: &mut TcpStream,
    step: &ScriptedReply,
    body: &[u8],
    kind: &str,
    answer: Option<&Answer>,
) -> std::io::Result<bool> {
    let mut bytes = head(step, kind, Some(body.len())).into_bytes();
    if let Some(cut) = answer.and_then(|answer| answer.cut_after) {
        bytes.extend_from_slice(&body[..cut.min(body.len())]);
        stream.write_all(&bytes).await?;
        return Ok(false);
    }
    if let Some(wait) = answer.and_then(|answer| answer.drip) {
        stream.write_all(&bytes).await?;
        for piece in body.chunks(4) {
            tokio::time::sleep(wait).await;
            stream.write_all(piece).await?;
        }
        return Ok(true);
    }
    bytes.extend_from_slice(body);
    stream.write_all(&bytes).await?;
    Ok(true)
}

fn message(answer: &Answer, content: &str) -> Value {
    let mut message = answer.message.clone();
    message["role"] = json!("assistant");
    if message.get("content").is_none() {
        message["content"] = json!(content);
    }
    message
}

fn usage(answer: &Answer) -> Option<Value> {
    let (input, output) = answer.usage?;
    Some(json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output}))
}

fn completion(answer: &Answer) -> Value {
    let mut completion = json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [{
            "index": 0,
            "message": message(answer, &answer.text),
            "finish_reason": answer.finish_reason,
        }],
    });
    if let Some(usage) = usage(answer) {
        completion["usage"] = usage;
    }
    completion
}

async fn streamed(stream: &mut TcpStream, step: &ScriptedReply, answer: &Answer) -> std::io::Result<bool> {
    let event = |choices: Value, usage: Option<Value>| {
        let mut event =
            json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "scripted", "choices": choices});
        if let Some(usage) = usage {
            event["usage"] = usage;
        }
        format!("data: {event}\n\n")
    };
    let letters: Vec<char> = answer.text.chars().collect();
    let mut pieces: Vec<String> = letters
        .chunks(letters.len().div_ceil(16).max(8))
        .map(|piece| {
            let delta = message(answer, &piece.iter().collect::<String>());
            event(json!([{"index": 0, "delta": delta, "finish_reason": null}]), None)
        })
        .collect();
    if pieces.is_empty() {
        let delta = message(answer, "");
        pieces.push(event(
            json!([{"index": 0, "delta": delta, "finish_reason": null}]),
            None,
        ));
    }
    if !answer.finish_reason.is_null() {
        pieces.push(event(
            json!([{"index": 0, "delta": {}, "finish_reason": answer.finish_reason}]),
            None,
        ));
    }
    if let Some(usage) = usage(answer) {
        pieces.push(event(json!([]), Some(usage)));
    }
    pieces.push("data: [DONE]\n\n".to_owned());
    let chunk = |piece: &str| format!("{:x}\r\n{piece}\r\n", piece.len());
    let mut bytes = head(step, "text/event-stream", None);
    if answer.drip.is_none() && answer.cut_after.is_none() {
        pieces.iter().for_each(|piece| bytes.push_str(&chunk(piece)));
        bytes.push_str("0\r\n\r\n");
        stream.write_all(bytes.as_bytes()).await?;
        return Ok(true);
    }
    stream.write_all(bytes.as_bytes()).await?;
    for (n, piece) in pieces.iter().enumerate() {
        if answer.cut_after.is_some_and(|cut| n >= cut) {
            return Ok(false);
        }
        tokio::time::sleep(answer.drip.unwrap_or_default()).await;
        stream.write_all(chunk(piece).as_bytes()).await?;
    }
    stream.write_all(b"0\r\n\r\n").await?;
    Ok(true)
}
