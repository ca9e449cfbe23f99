//! The examples, as a person would start them: what their READMEs promise is what comes out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod agents;
mod ollama;
#[path = "../part.rs"]
mod part;
mod project;
mod quick;
mod readmes;
#[path = "../minds/server.rs"]
mod server;
mod shape;
#[path = "../lab/support.rs"]
#[allow(dead_code)]
mod support;
mod survey;
mod trial;
