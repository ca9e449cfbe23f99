//! The language model as the director knows it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::llm::ReplyFault;

/// The model's part in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelPlan {
    /// Maximum number of hypotheses that it may propose per cycle.
    pub hypotheses: usize,
    /// Maximum number of analyses per cycle for which it writes the code.
    pub analyses: usize,
    /// Maximum number of repairs of one script.
    pub max_repairs: u32,
}

/// To the director: the model's endpoint is unreachable, and the run is to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelLost {
    /// The failure and its remedy, for a person.
    pub detail: String,
}

/// How an agent's questions to its model ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelAnswers {
    /// Questions with an answer that was used.
    pub used: u64,
    /// Questions whose replies could not be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<LostAnswer>,
}

/// A question whose replies could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LostAnswer {
    /// Replies to it.
    pub calls: u64,
    /// The fault of the last one.
    pub fault: ReplyFault,
}

impl ModelAnswers {
    /// One answer that was used.
    pub fn one_used() -> Self {
        Self {
            used: 1,
            lost: Vec::new(),
        }
    }

    /// Adds those of another question.
    pub fn add(&mut self, other: &Self) {
        self.used += other.used;
        self.lost.extend(&other.lost);
    }

    /// Returns true if nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.used == 0 && self.lost.is_empty()
    }

    /// Says that no reply could be used, how many there were, why, and what to do; none if one could, or if there was
    /// none.
    pub fn describe_uselessness(&self) -> Option<String> {
        let calls: u64 = self.lost.iter().map(|lost| lost.calls).sum();
        if self.used > 0 || calls == 0 {
            return None;
        }
        let mut faults: BTreeMap<ReplyFault, u64> = BTreeMap::new();
        for lost in &self.lost {
            *faults.entry(lost.fault).or_default() += lost.calls;
        }
        let told: Vec<String> = faults
            .iter()
            .map(|(fault, calls)| match faults.len() {
                1 => format!("all {}", fault.clause()),
                _ => format!("{calls} {}", fault.clause()),
            })
            .collect();
        let remedies: Vec<&str> = faults.keys().map(|fault| fault.remedy()).collect();
        let calls = match calls {
            1 => "1 call".to_owned(),
            calls => format!("{calls} calls"),
        };
        Some(format!(
            "no reply of the model could be used ({calls}: {}); {}",
            told.join(", "),
            remedies.join("; ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(used: u64, lost: &[(u64, ReplyFault)]) -> ModelAnswers {
        ModelAnswers {
            used,
            lost: lost.iter().map(|&(calls, fault)| LostAnswer { calls, fault }).collect(),
        }
    }

    #[test]
    fn only_a_model_of_no_use_is_spoken_of() {
        for (answers, told) in [
            (answers(0, &[]), None),
            (answers(1, &[(2, ReplyFault::CutOff)]), None),
            (
                answers(0, &[(2, ReplyFault::CutOff), (2, ReplyFault::CutOff)]),
                Some(
                    "no reply of the model could be used (4 calls: all cut off at the limit of tokens); raise `llm.max_tokens`",
                ),
            ),
            (
                answers(0, &[(1, ReplyFault::Refused)]),
                Some(
                    "no reply of the model could be used (1 call: all refused to answer); ask in other words, or choose \
                     another model by `llm.model`",
                ),
            ),
        ] {
            assert_eq!(answers.describe_uselessness().as_deref(), told);
        }
        let mixed = answers(0, &[(1, ReplyFault::Refused), (2, ReplyFault::ToolCall)]);
        let told = mixed.describe_uselessness().unwrap();
        assert!(
            told.contains("(3 calls: 1 refused to answer, 2 calls of tools instead of text)"),
            "{told}"
        );
    }
}
