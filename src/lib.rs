//! Kosmos: an autonomous research lab in one binary.
//!
//! A run is a question and a table. [`lab`] opens its folder, starts what it needs and works on it:
//!
//! - [`message`] is what agents say to each other, [`journal`] where it is written down before it is delivered,
//!   [`supervisor`] the hub that delivers it and restarts who falls. [`agent`] is what an agent must be.
//! - [`actors`] are the six built-in agents. Of these [`actors::research_director`] decides, as a pure function of the
//!   events so far; the others turn one message into another.
//! - [`plugin`] is for agents that are folders: any language, supervised like our own.
//! - [`prompt`] is how models are asked. [`policy`] proposes what to test, [`stats`] decides what counts as
//!   found, [`science`] has the words for both.
//! - [`study`] has the question as a typed value and the rules that read it.
//! - [`sandbox`] runs scripts where they can do no harm, with the Python that [`interpreter`] makes;
//!   [`graph`] keeps what was learnt.
//! - [`report`] writes what a person reads, every number with its evidence; [`words`] holds what a model says of them
//!   against them.
//! - `legacy` is how earlier versions told their runs.
//! - [`config`], [`cli`], [`progress`] and [`telemetry`] are the way in and out.
//!
//! ```no_run
//! # struct Quiet;
//! # impl kosmos::progress::Progress for Quiet { fn on(&self, _: kosmos::progress::ProgressEvent) {} }
//! use kosmos::{config::Request, lab::{Lab, RunFolder}};
//!
//! // A program that runs scripts begins with this, so that it can be its own sandbox launcher.
//! kosmos::sandbox::become_launcher_if_asked();
//! let resolved = Request { run_file: Some("run.toml".into()), ..Request::default() }.resolve()?;
//! let folder = RunFolder::create("lab/runs".as_ref(), &resolved)?;
//! let finished = Lab::open(folder, std::sync::Arc::new(Quiet))?.work()?;
//! assert!(finished.written.findings.is_file());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]

pub mod actors;
pub mod agent;
pub mod cli;
pub mod config;
pub mod graph;
pub mod journal;
pub mod lab;
mod legacy;
pub mod llm;
pub mod message;
pub mod plugin;
pub mod policy;
pub mod progress;
pub mod prompt;
pub mod report;
pub mod science;
mod shipped;
pub mod stats;
pub mod study;
pub mod supervisor;
pub mod telemetry;
pub mod words;

pub(crate) use kosmos_core::{failpoint, hash};
pub use kosmos_sandbox::{self as sandbox, interpreter};
