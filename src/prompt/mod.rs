//! Prompts: files under `agents/<agent>/prompts/`, filled in with data that cannot pass for instructions.
//!
//! `template` loads and renders a file, `data` fences what is not ours, `budget` makes it fit.

mod budget;
mod data;
mod template;

pub use budget::{fit, shorten, shorten_to, tokens};
pub use data::{fenced, inline, neutral};
pub use template::{Prompt, PromptError, Rendered};
