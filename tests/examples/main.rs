//! The examples, as a person would start them: what their READMEs promise is what comes out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod agents;
mod drawn;
mod ollama;
mod project;
mod quick;
mod readmes;
mod shape;
mod survey;
mod trial;
