//! Prompts: files under `agents/<agent>/prompts/`, rendered with data that cannot pass for instructions.
//!
//! | file | noun |
//! |---|---|
//! | `template` | a prompt's file, loaded and rendered |
//! | `data` | untrusted data in a prompt |
//! | `budget` | the room that a prompt has |

mod budget;
mod data;
mod template;

pub use budget::{estimate_prompt_tokens, fit_lines, shorten_to, shorten_to_tokens};
pub use data::{disarm_text, fence_data, inline};
pub use template::{Prompt, PromptError, Rendered};
