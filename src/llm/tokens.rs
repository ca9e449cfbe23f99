//! Tokens, as counted by the endpoint or estimated where it does not count.

use std::ops::{Add, AddAssign};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tokens of prompts and of replies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// Tokens of prompts.
    pub input: u64,
    /// Tokens of replies, including hidden reasoning.
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

/// An upper estimate of the tokens of `text`: tokenisers produce about one token per four ASCII letters of English
/// prose, one per three in code and tables, and one or two for any other letter.
pub fn estimate_tokens(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    let other = text.chars().filter(|letter| !letter.is_ascii()).count() as u64;
    ascii.div_ceil(3) + 2 * other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_from_above() {
        assert_eq!(estimate_tokens(""), 0);
        assert_eq!(estimate_tokens("four"), 2);
        assert_eq!(estimate_tokens(&"a".repeat(300)), 100);
        assert_eq!(estimate_tokens("größe"), 5);
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
