//! JSON-RPC 2.0, one object a line.

use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

/// Bytes of a line, at most, without its end.
pub const LONGEST_LINE: usize = 4 << 20;

/// The codes of errors that we send; the first three are JSON-RPC's own.
pub mod code {
    /// The request is none.
    pub const INVALID_REQUEST: i64 = -32600;
    /// There is no such method.
    pub const NO_METHOD: i64 = -32601;
    /// Its parameters are wrong.
    pub const WRONG_PARAMETERS: i64 = -32602;
    /// It is not permitted.
    pub const NOT_PERMITTED: i64 = -32001;
    /// A limit or a budget is spent.
    pub const SPENT: i64 = -32002;
    /// It was tried, and failed.
    pub const FAILED: i64 = -32003;
}

/// An error as it is sent.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct RpcError {
    pub code: i64,
    pub message: String,
}

impl RpcError {
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message }
    }
}

/// What the other side sends.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// A request, or a notification where there is no id.
    Call {
        id: Option<Value>,
        method: String,
        params: Value,
    },
    /// An answer to a request of ours.
    Answer { id: u64, outcome: Result<Value, RpcError> },
}

/// Why the wire is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("it closed its standard output")]
    Closed,
    #[error("it wrote half a line and closed its standard output")]
    HalfALine,
    #[error("it wrote a line of more than {LONGEST_LINE} bytes")]
    TooLong,
    #[error("it wrote what is not a JSON-RPC 2.0 object: {0}")]
    Garbage(String),
    #[error("it answered what was not asked")]
    Unasked,
    #[error("it cannot be written to: {0}")]
    Write(io::Error),
    #[error("it cannot be read from: {0}")]
    Read(io::Error),
}

/// One end of the wire.
pub struct Wire<R, W> {
    input: BufReader<R>,
    output: W,
    /// What was read of the line under way; kept here, so that a reader that is called off loses nothing.
    line: Vec<u8>,
    asked: u64,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Wire<R, W> {
    /// Over these streams.
    pub fn new(input: R, output: W) -> Self {
        Self {
            input: BufReader::new(input),
            output,
            line: Vec::new(),
            asked: 0,
        }
    }

    /// Sends a request; its id.
    pub async fn ask(&mut self, method: &str, params: Value) -> Result<u64, WireError> {
        self.asked += 1;
        let request = json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params });
        self.send(&request).await?;
        Ok(self.asked)
    }

    /// Answers a request.
    pub async fn answer(&mut self, id: Value, outcome: Result<Value, RpcError>) -> Result<(), WireError> {
        let answer = match outcome {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(RpcError { code, message }) => {
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
            }
        };
        self.send(&answer).await
    }

    async fn send(&mut self, message: &Value) -> Result<(), WireError> {
        let mut line = message.to_string();
        line.push('\n');
        self.output.write_all(line.as_bytes()).await.map_err(WireError::Write)?;
        self.output.flush().await.map_err(WireError::Write)
    }

    /// The next message.
    pub async fn receive(&mut self) -> Result<Incoming, WireError> {
        loop {
            let line = self.read_line().await?;
            if !line.trim_ascii().is_empty() {
                return parse(&line);
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

fn parse(line: &[u8]) -> Result<Incoming, WireError> {
    let garbage = |what: &str| {
        let begin: String = String::from_utf8_lossy(line).chars().take(60).collect();
        WireError::Garbage(format!("{what}, in `{}`", crate::prompt::inline(&begin)))
    };
    let value: Value = serde_json::from_slice(line).map_err(|error| garbage(&error.to_string()))?;
    let object = value.as_object().ok_or_else(|| garbage("no object"))?;
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(garbage("no \"jsonrpc\": \"2.0\""));
    }
    if let Some(method) = object.get("method") {
        let method = method.as_str().ok_or_else(|| garbage("`method` is no text"))?;
        return Ok(Incoming::Call {
            id: object.get("id").filter(|id| !id.is_null()).cloned(),
            method: method.to_owned(),
            params: object.get("params").cloned().unwrap_or_default(),
        });
    }
    let id = object
        .get("id")
        .and_then(Value::as_u64)
        .ok_or_else(|| garbage("no id of ours"))?;
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
        _ => return Err(garbage("neither `method`, nor one of `result` and `error`")),
    };
    Ok(Incoming::Answer { id, outcome })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn receive(text: &[u8]) -> Result<Incoming, WireError> {
        Wire::new(text, tokio::io::sink()).receive().await
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
