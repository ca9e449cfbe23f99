//! The report: what a person reads at the end, every number of it with its evidence.
//!
//! A [`Dossier`] is composed into a draft whose numbers carry citations (`compose`), each citation is held against the
//! run's folder (`evidence`, `verify`, `audit`), and only what passed is rendered (`markdown`, `html`, `notebook`).
//! `answer` says what the run found about its question.

mod answer;
mod asked;
pub(crate) mod audit;
pub(crate) mod citation;
mod codebook;
mod compose;
pub(crate) mod document;
mod dossier;
mod error;
pub(crate) mod evidence;
mod findings;
mod html;
mod markdown;
mod model_use;
pub(crate) mod name;
mod notebook;
pub(crate) mod number;
pub(crate) mod order;
mod scalars;
mod summary;
pub(crate) mod told;
pub(crate) mod trace;
pub(crate) mod verify;
mod write;

pub use codebook::render_table_files;
pub use dossier::{BudgetLine, DeadLetter, Dossier, Method, ProjectMemory, RestartRecord};
pub use error::ReportError;
pub use findings::build_findings;
pub use model_use::{ModelUse, UseLine};
pub use scalars::try_result;
pub use summary::terminal_summary;
pub use write::{FILES, Written, render_all, write_all, write_files, write_table_files};
