//! Words about numbers: whether a text that a model wrote says no more than what was found.
//!
//! `names` takes columns and levels out of a text, `figures` holds what is left of digits against the numbers, `claims`
//! what is left of words against the ladder, `plain` refuses what is no plain text. `findings` puts them together;
//! `statement` is the stricter rule for sentences that are registered.

mod claims;
mod figures;
mod findings;
mod names;
mod plain;
mod statement;

#[cfg(test)]
pub(crate) use findings::tests;
pub use findings::{Run, check_against_findings};
pub use statement::is_safe_statement;

/// Longest text, in characters: what the report shows of one string.
pub const LONGEST: usize = 600;
