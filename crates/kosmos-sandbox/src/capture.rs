//! Keeps the beginning and the end of a stream of output.

use std::collections::VecDeque;

use super::Captured;

/// The first and the last bytes of a stream, half of the limit each.
#[derive(Debug)]
pub(super) struct HeadAndTail {
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl HeadAndTail {
    pub fn new(limit: u64) -> Self {
        Self {
            half: usize::try_from(limit / 2).unwrap_or(usize::MAX),
            head: Vec::new(),
            tail: VecDeque::new(),
            total: 0,
        }
    }

    pub fn add(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = self.half.saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..excess);
    }

    /// Returns the number of bytes added so far, kept or not.
    pub fn bytes_seen(&self) -> u64 {
        self.total
    }

    pub fn into_captured(self) -> Captured {
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
        let mut kept = HeadAndTail::new(limit);
        for part in parts {
            kept.add(part.as_bytes());
        }
        kept.into_captured()
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
