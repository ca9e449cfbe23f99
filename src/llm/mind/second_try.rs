//! The turns that ask for an answer a second time.

use crate::llm::{request::Turn, structured::ReplyShape, tokens::estimate_tokens};

/// Tokens that a second try adds to the prompt besides the first reply.
pub(super) const SECOND_TRY_TOKENS: u64 = 256;

/// Repeats the first reply, cut to `room` tokens, and says what is wrong with it. The schema is stated again because
/// the endpoint may not have passed it on.
pub(super) fn second_try(text: &str, reason: &str, shape: &ReplyShape, room: u64) -> [Turn; 2] {
    let mut kept: String = match text.trim() {
        "" => "(nothing)".to_owned(),
        text => text.chars().take(2 * room as usize).collect(),
    };
    while estimate_tokens(&kept) > room.max(8) {
        let half = kept.chars().count() / 2;
        kept = kept.chars().take(half).collect();
    }
    [
        Turn {
            role: "assistant",
            content: kept,
        },
        Turn {
            role: "user",
            content: format!(
                "That answer cannot be used: {reason}\n\nAnswer the question again with one whole JSON object that fits \
                 this JSON schema, and with nothing else:\n{}",
                shape.schema_text()
            ),
        },
    ]
}
