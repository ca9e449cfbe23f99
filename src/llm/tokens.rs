//! Tokens: counted by the endpoint, estimated where it does not count.

use std::ops::{Add, AddAssign};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tokens of prompts and of replies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// Of prompts.
    pub input: u64,
    /// Of replies, hidden reasoning included.
    pub output: u64,
}

impl Tokens {
    /// Both together.
    pub fn sum(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

impl Add for Tokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
        }
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// An upper estimate of the tokens of `text`: tokenisers make about one of four ASCII letters of English prose, of
/// three in code and tables, and one or two of any other letter.
pub fn estimate(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    let other = text.chars().filter(|letter| !letter.is_ascii()).count() as u64;
    ascii.div_ceil(3) + 2 * other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_from_above() {
        assert_eq!(estimate(""), 0);
        assert_eq!(estimate("four"), 2);
        assert_eq!(estimate(&"a".repeat(300)), 100);
        assert_eq!(estimate("größe"), 5);
    }

    #[test]
    fn absurd_counts_do_not_wrap() {
        let most = Tokens {
            input: u64::MAX,
            output: u64::MAX,
        };
        assert_eq!((most + most).sum(), u64::MAX);
    }
}
