//! Why a reply could not be used, in a closed set of words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Receipt;

/// The reason why a reply was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyFault {
    /// The model or its endpoint declined to answer.
    Refused,
    /// It was cut off at `llm.max_tokens`.
    CutOff,
    /// It was a call of a tool, and no tool is offered.
    ToolCall,
    /// It was empty.
    Empty,
    /// It did not have the requested form, or failed a check.
    Unfit,
}

impl ReplyFault {
    /// The fault of a reply that was not accepted.
    pub(super) fn of(receipt: &Receipt) -> Self {
        match receipt.finish_reason.as_str() {
            reason if is_cut_off(reason) => Self::CutOff,
            "tool_calls" | "function_call" if receipt.text.trim().is_empty() => Self::ToolCall,
            _ if receipt.text.trim().is_empty() => Self::Empty,
            _ => Self::Unfit,
        }
    }

    /// How such replies were treated.
    pub fn clause(self) -> &'static str {
        match self {
            Self::Refused => "refused to answer",
            Self::CutOff => "cut off at the limit of tokens",
            Self::ToolCall => "calls of tools instead of text",
            Self::Empty => "empty",
            Self::Unfit => "not in the requested form",
        }
    }

    /// The user's next step.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Refused => "ask in other words, or choose another model by `llm.model`",
            Self::CutOff => "raise `llm.max_tokens`",
            Self::ToolCall => "turn tool calls off at the endpoint, or choose another model by `llm.model`",
            Self::Empty => "raise `llm.max_tokens` if the model reasons first, or choose another model by `llm.model`",
            Self::Unfit => {
                "set `llm.structured` to a form that the endpoint keeps to, or choose another model by `llm.model`"
            }
        }
    }
}

/// Whether an endpoint's word for why the model stopped means that the reply is not whole.
pub(super) fn is_cut_off(finish_reason: &str) -> bool {
    matches!(finish_reason, "length" | "max_tokens" | "MAX_TOKENS")
}
