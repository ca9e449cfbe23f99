//! What process 1 of a container says, see `python/resident.py`.

use std::{pin::Pin, time::Duration};

use bollard::{container::LogOutput, errors::Error};
use futures::{Stream, StreamExt};
use serde::Deserialize;
use tokio_util::bytes::{Buf, Bytes, BytesMut};

/// The largest frame that is taken; process 1 sends none near it.
const LARGEST: usize = 16 << 20;
/// One byte that says what it is, four of length.
const HEADER: usize = 5;

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Ready,
    Stdout(Bytes),
    Stderr(Bytes),
    /// A file of the workspace begins; its head is JSON.
    File(Bytes),
    Data(Bytes),
    End(Bytes),
}

/// Why there are no more frames.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("the container ended{}", if said.is_empty() { String::new() } else { format!(": {said}") })]
    Ended {
        /// The last line that process 1 wrote to standard error.
        said: String,
    },
    #[error("the connection broke: {0}")]
    Lost(String),
    #[error("the container sent what is no frame")]
    Nonsense,
}

/// How a job ended, as process 1 tells it.
#[derive(Debug, Clone, Deserialize)]
pub struct Report {
    pub exit: Option<i32>,
    pub signal: Option<i32>,
    /// Why it was ended: `cpu` or `stopped`.
    pub reason: Option<String>,
    pub cpu_ms: u64,
    pub peak_memory_bytes: Option<u64>,
    pub largest_process_bytes: u64,
    pub oom_kills: u64,
    pub forks_refused: u64,
    /// Of the workspace.
    pub bytes: u64,
    pub files: u64,
    pub largest: u64,
    /// Whether there is room for nothing more in the workspace.
    pub full: bool,
    pub refused: Vec<crate::Refused>,
}

/// The head of a file.
#[derive(Debug, Clone, Deserialize)]
pub struct FileHead {
    /// Its path relative to the workspace, in base64.
    pub name: String,
    pub size: u64,
}

/// The frames of a container.
pub struct Frames {
    output: Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>,
    buffer: BytesMut,
    /// What process 1 itself wrote to standard error: its own faults.
    faults: String,
}

impl Frames {
    pub fn new(output: Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>) -> Self {
        Self {
            output,
            buffer: BytesMut::new(),
            faults: String::new(),
        }
    }

    /// The next frame. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Frame, Broken> {
        loop {
            if let Some(frame) = self.take()? {
                return Ok(frame);
            }
            match self.output.next().await {
                Some(Ok(LogOutput::StdErr { message })) => self.hear(&message),
                Some(Ok(output)) => self.buffer.extend_from_slice(output.as_ref()),
                Some(Err(error)) => return Err(Broken::Lost(error.to_string())),
                None => return Err(self.ended()),
            }
        }
    }

    /// Like [`next`](Self::next), and an error if there is none in time.
    pub async fn next_within(&mut self, limit: Duration) -> Result<Frame, Broken> {
        tokio::time::timeout(limit, self.next()).await.unwrap_or_else(|_| {
            Err(Broken::Lost(format!(
                "nothing for {}",
                humantime::format_duration(limit)
            )))
        })
    }

    fn hear(&mut self, message: &[u8]) {
        const MOST: usize = 4096;
        if self.faults.len() < MOST {
            self.faults.push_str(&String::from_utf8_lossy(message));
        }
    }

    fn ended(&self) -> Broken {
        let last = self.faults.lines().rev().find(|line| !line.trim().is_empty());
        Broken::Ended {
            said: last.unwrap_or_default().trim().chars().take(300).collect(),
        }
    }

    fn take(&mut self) -> Result<Option<Frame>, Broken> {
        let Some(header) = self.buffer.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let [kind, a, b, c, d] = *header;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > LARGEST {
            return Err(Broken::Nonsense);
        }
        if self.buffer.len() < HEADER + length {
            return Ok(None);
        }
        self.buffer.advance(HEADER);
        let content = self.buffer.split_to(length).freeze();
        Ok(Some(match kind {
            b'R' => Frame::Ready,
            b'O' => Frame::Stdout(content),
            b'E' => Frame::Stderr(content),
            b'F' => Frame::File(content),
            b'D' => Frame::Data(content),
            b'X' => Frame::End(content),
            _ => return Err(Broken::Nonsense),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(pieces: &[&[u8]]) -> Frames {
        let pieces: Vec<_> = pieces
            .iter()
            .map(|piece| {
                Ok(LogOutput::StdOut {
                    message: Bytes::copy_from_slice(piece),
                })
            })
            .collect();
        Frames::new(Box::pin(futures::stream::iter(pieces)))
    }

    #[tokio::test]
    async fn frames_may_come_in_any_pieces() {
        let mut found = frames(&[b"R\0\0", b"\0\0O\0\0\0\x03a", b"bcX\0\0\0\x02{}E\0\0\0\x09x"]);
        assert_eq!(found.next().await, Ok(Frame::Ready));
        assert_eq!(found.next().await, Ok(Frame::Stdout("abc".into())));
        assert_eq!(found.next().await, Ok(Frame::End("{}".into())));
        assert!(matches!(found.next().await, Err(Broken::Ended { .. })));
    }

    #[tokio::test]
    async fn nonsense_is_no_frame() {
        for wrong in [b"Q\0\0\0\0".as_slice(), b"O\xff\xff\xff\xff"] {
            assert_eq!(frames(&[wrong]).next().await, Err(Broken::Nonsense));
        }
    }
}
