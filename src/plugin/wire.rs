//! JSON-RPC 2.0 with one object per line.

use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

/// Maximum length of a line in bytes, without its end.
pub const LONGEST_LINE: usize = 4 << 20;

/// Codes of the errors that we send; the first three are JSON-RPC's own.
pub mod code {
    /// The request is not allowed now.
    pub const INVALID_REQUEST: i64 = -32600;
    /// The method does not exist.
    pub const NO_METHOD: i64 = -32601;
    /// The parameters are invalid.
    pub const WRONG_PARAMETERS: i64 = -32602;
    /// The agent lacks the permission.
    pub const NOT_PERMITTED: i64 = -32001;
    /// A limit or a budget is exhausted.
    pub const SPENT: i64 = -32002;
    /// The call failed.
    pub const FAILED: i64 = -32003;
}

/// An error as it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcError {
    /// One of [`code`], or the agent's own.
    pub code: i64,
    /// One sentence.
    pub message: String,
}

impl RpcError {
    /// An error with this code.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message }
    }
}

/// A message from the other side.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// A request; without an id, a notification.
    Call {
        id: Option<Value>,
        method: String,
        params: Value,
    },
    /// An answer to one of our requests.
    Answer { id: u64, outcome: Result<Value, RpcError> },
}

/// Why the connection can no longer be used.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("it closed its standard output")]
    Closed,
    #[error("it wrote half a line and closed its standard output")]
    HalfALine,
    #[error("it wrote a line of more than {LONGEST_LINE} bytes")]
    TooLong,
    #[error("it wrote a line that is not a JSON-RPC 2.0 object: {0}")]
    Garbage(String),
    #[error("it answered a request that was not sent")]
    Unasked,
    #[error("cannot write to it: {0}")]
    Write(io::Error),
    #[error("cannot read from it: {0}")]
    Read(io::Error),
}

/// One end of the connection.
pub struct RpcWire<R, W> {
    input: BufReader<R>,
    output: W,
    /// The part of the current line that has been read; kept here, so that a cancelled read loses nothing.
    line: Vec<u8>,
    asked: u64,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> RpcWire<R, W> {
    /// Opens one end over these streams.
    pub fn new(input: R, output: W) -> Self {
        Self {
            input: BufReader::new(input),
            output,
            line: Vec::new(),
            asked: 0,
        }
    }

    /// Sends a request and returns its id.
    pub async fn send_request(&mut self, method: &str, params: Value) -> Result<u64, WireError> {
        self.asked += 1;
        let request = json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params });
        self.send_line(&request).await?;
        Ok(self.asked)
    }

    /// Answers a request.
    pub async fn send_answer(&mut self, id: Value, outcome: Result<Value, RpcError>) -> Result<(), WireError> {
        let answer = match outcome {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(RpcError { code, message }) => {
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
            }
        };
        self.send_line(&answer).await
    }

    async fn send_line(&mut self, message: &Value) -> Result<(), WireError> {
        let mut line = message.to_string();
        line.push('\n');
        self.output.write_all(line.as_bytes()).await.map_err(WireError::Write)?;
        self.output.flush().await.map_err(WireError::Write)
    }

    /// Receives the next message.
    pub async fn receive_message(&mut self) -> Result<Incoming, WireError> {
        loop {
            let line = self.read_line().await?;
            if !line.trim_ascii().is_empty() {
                return parse_message(&line);
            }
        }
    }

    async fn read_line(&mut self) -> Result<Vec<u8>, WireError> {
        loop {
            let read = self.input.fill_buf().await.map_err(WireError::Read)?;
            if read.is_empty() {
                return Err(match self.line.is_empty() {
                    true => WireError::Closed,
                    false => WireError::HalfALine,
                });
            }
            let end = read.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(read.len());
            if self.line.len() + taken > LONGEST_LINE {
                return Err(WireError::TooLong);
            }
            self.line.extend_from_slice(read.get(..taken).unwrap_or_default());
            self.input.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(std::mem::take(&mut self.line));
            }
        }
    }
}

/// Reads a line of an agent: for tests that read any bytes.
///
/// # Errors
/// [`WireError::Garbage`].
#[doc(hidden)]
pub fn try_line(line: &[u8]) -> Result<(), WireError> {
    parse_message(line).map(drop)
}

fn parse_message(line: &[u8]) -> Result<Incoming, WireError> {
    let garbage = |what: &str| {
        let begin: String = String::from_utf8_lossy(line).chars().take(60).collect();
        WireError::Garbage(format!("{what}, in `{}`", crate::prompt::inline(&begin)))
    };
    let value: Value = serde_json::from_slice(line).map_err(|error| garbage(&error.to_string()))?;
    let object = value.as_object().ok_or_else(|| garbage("not an object"))?;
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(garbage("no \"jsonrpc\": \"2.0\""));
    }
    if let Some(method) = object.get("method") {
        let method = method.as_str().ok_or_else(|| garbage("`method` is not a string"))?;
        return Ok(Incoming::Call {
            id: object.get("id").filter(|id| !id.is_null()).cloned(),
            method: method.to_owned(),
            params: object.get("params").cloned().unwrap_or_default(),
        });
    }
    let id = object
        .get("id")
        .and_then(Value::as_u64)
        .ok_or_else(|| garbage("unknown id"))?;
    let outcome = match (object.get("result"), object.get("error")) {
        (Some(result), None) => Ok(result.clone()),
        (None, Some(error)) => Err(RpcError {
            code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
            message: error
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or("no message")
                .to_owned(),
        }),
        _ => return Err(garbage("neither `method` nor exactly one of `result` and `error`")),
    };
    Ok(Incoming::Answer { id, outcome })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn receive(text: &[u8]) -> Result<Incoming, WireError> {
        RpcWire::new(text, tokio::io::sink()).receive_message().await
    }

    #[tokio::test]
    async fn calls_and_answers_are_told_apart() {
        let call =
            receive(b"\n{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"state.get\",\"params\":{\"key\":\"a\"}}\n").await;
        assert_eq!(
            call.unwrap(),
            Incoming::Call {
                id: Some(json!(7)),
                method: "state.get".to_owned(),
                params: json!({ "key": "a" })
            }
        );
        let answer = receive(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}\n").await;
        assert_eq!(
            answer.unwrap(),
            Incoming::Answer {
                id: 1,
                outcome: Ok(Value::Null)
            }
        );
        let error = receive(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":5,\"message\":\"no\"}}\n").await;
        assert!(matches!(error.unwrap(), Incoming::Answer { outcome: Err(error), .. } if error.code == 5));
    }

    #[tokio::test]
    async fn what_is_none_of_it_is_an_error() {
        for text in [
            "hello\n",
            "[]\n",
            "{\"id\":1,\"result\":1}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":1}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":1}\n",
            "{\"jsonrpc\":\"2.0\",\"method\":1}\n",
            "\u{1b}[2J\n",
        ] {
            let error = receive(text.as_bytes()).await.unwrap_err();
            assert!(matches!(error, WireError::Garbage(_)), "{text}: {error}");
            assert!(!error.to_string().contains('\u{1b}'));
        }
        assert!(matches!(receive(b"\xff\xfe\n").await, Err(WireError::Garbage(_))));
        assert!(matches!(receive(b"").await, Err(WireError::Closed)));
        assert!(matches!(receive(b"{\"jsonrpc\"").await, Err(WireError::HalfALine)));
        let long = vec![b'a'; LONGEST_LINE + 1];
        assert!(matches!(receive(&long).await, Err(WireError::TooLong)));
    }
}
