//! The report by its public surface: what it says, and what it refuses to say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod lab;
mod names;
mod outputs;
mod refusals;
mod told;
