//! Reading a stream of output, keeping its beginning and its end.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::sync::CancellationToken;

use crate::sandbox::{Captured, Limits};

/// Reads `stream` to its end. Of what goes beyond `limit` bytes the middle is left out, for errors come
/// last. `flood` fires once there is far more, see [`Limits::OUTPUT_PATIENCE`].
pub async fn capture(mut stream: impl AsyncRead + Unpin, limit: u64, flood: CancellationToken) -> Captured {
    let mut kept = Kept::new(limit);
    let mut buffer = vec![0; 1 << 16];
    // An error ends the stream as its end does: what was read is what there is.
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        kept.add(buffer.get(..n).unwrap_or_default());
        if kept.total > limit.saturating_mul(Limits::OUTPUT_PATIENCE) {
            flood.cancel();
        }
    }
    kept.finish()
}

/// The first and the last bytes of a stream, half of the limit each.
struct Kept {
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Kept {
    fn new(limit: u64) -> Self {
        Self {
            half: usize::try_from(limit / 2).unwrap_or(usize::MAX),
            head: Vec::new(),
            tail: VecDeque::new(),
            total: 0,
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = self.half.saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..excess);
    }

    fn finish(self) -> Captured {
        let kept = (self.head.len() + self.tail.len()) as u64;
        let left_out = self.total - kept;
        let mut bytes = self.head;
        if left_out > 0 {
            bytes.extend_from_slice(format!("\n[{left_out} bytes left out]\n").as_bytes());
        }
        bytes.extend(self.tail);
        Captured {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            truncated: left_out > 0,
            total_bytes: self.total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(limit: u64, parts: &[&str]) -> Captured {
        let mut kept = Kept::new(limit);
        for part in parts {
            kept.add(part.as_bytes());
        }
        kept.finish()
    }

    #[test]
    fn what_fits_is_kept_whole() {
        let all = kept(10, &["abc", "defg", "hij"]);
        assert_eq!((all.text.as_str(), all.truncated), ("abcdefghij", false));
    }

    #[test]
    fn of_more_the_middle_is_left_out() {
        let some = kept(6, &["abcd", "efghij", "kl"]);
        assert_eq!(some.text, "abc\n[6 bytes left out]\njkl");
        assert_eq!((some.truncated, some.total_bytes), (true, 12));
    }
}
