//! The frames that process 1 of a container sends, see `python/resident.py`.

use std::{pin::Pin, time::Duration};

use bollard::{container::LogOutput, errors::Error};
use futures::{Stream, StreamExt};
use serde::Deserialize;
use tokio_util::bytes::{Buf, Bytes, BytesMut};

/// The largest accepted frame; those of process 1 are much smaller.
const LARGEST: usize = 16 << 20;
/// One byte for the kind, four for the length.
const HEADER: usize = 5;

/// One message of process 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Ready,
    Stdout(Bytes),
    Stderr(Bytes),
    /// The start of a file of the workspace; the head is JSON.
    File(Bytes),
    Data(Bytes),
    End(Bytes),
}

/// Why there are no more frames.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("the container ended{}", if said.is_empty() { String::new() } else { format!(": {said}") })]
    Ended {
        /// The last line that process 1 wrote to standard error.
        said: String,
    },
    #[error("the connection broke: {0}")]
    Lost(String),
    #[error("the container sent an invalid frame")]
    Nonsense,
}

/// Process 1's report on how a job ended.
#[derive(Debug, Clone, Deserialize)]
pub struct JobReport {
    pub exit: Option<i32>,
    pub signal: Option<i32>,
    /// The reason for which process 1 ended it: `cpu` or `stopped`.
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
    /// True if the workspace is full.
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
    /// Process 1's own standard error: its faults.
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

    /// Waits for the next frame. Dropping the future loses nothing.
    pub async fn next_frame(&mut self) -> Result<Frame, FrameError> {
        loop {
            if let Some(frame) = self.parse_frame()? {
                return Ok(frame);
            }
            match self.output.next().await {
                Some(Ok(LogOutput::StdErr { message })) => self.keep_fault(&message),
                Some(Ok(output)) => self.buffer.extend_from_slice(output.as_ref()),
                Some(Err(error)) => return Err(FrameError::Lost(error.to_string())),
                None => return Err(self.end_error()),
            }
        }
    }

    /// Like [`next_frame`](Self::next_frame), but an error if there is none in time.
    pub async fn next_frame_within(&mut self, limit: Duration) -> Result<Frame, FrameError> {
        tokio::time::timeout(limit, self.next_frame())
            .await
            .unwrap_or_else(|_| {
                Err(FrameError::Lost(format!(
                    "nothing for {}",
                    humantime::format_duration(limit)
                )))
            })
    }

    fn keep_fault(&mut self, message: &[u8]) {
        const MOST: usize = 4096;
        if self.faults.len() < MOST {
            self.faults.push_str(&String::from_utf8_lossy(message));
        }
    }

    fn end_error(&self) -> FrameError {
        let last = self.faults.lines().rev().find(|line| !line.trim().is_empty());
        FrameError::Ended {
            said: last.unwrap_or_default().trim().chars().take(300).collect(),
        }
    }

    fn parse_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(header) = self.buffer.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let [kind, a, b, c, d] = *header;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > LARGEST {
            return Err(FrameError::Nonsense);
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
            _ => return Err(FrameError::Nonsense),
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
        assert_eq!(found.next_frame().await, Ok(Frame::Ready));
        assert_eq!(found.next_frame().await, Ok(Frame::Stdout("abc".into())));
        assert_eq!(found.next_frame().await, Ok(Frame::End("{}".into())));
        assert!(matches!(found.next_frame().await, Err(FrameError::Ended { .. })));
    }

    #[tokio::test]
    async fn nonsense_is_no_frame() {
        for wrong in [b"Q\0\0\0\0".as_slice(), b"O\xff\xff\xff\xff"] {
            assert_eq!(frames(&[wrong]).next_frame().await, Err(FrameError::Nonsense));
        }
    }
}
