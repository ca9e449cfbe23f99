//! The process sandbox, attacked from within and from without.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod attacks;
mod science;
mod site;
