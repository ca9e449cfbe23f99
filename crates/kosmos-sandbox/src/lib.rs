//! Running generated code, which is to be thought of as hostile code.
//!
//! A [`Sandbox`] takes a [`Job`] (a script, its workspace, its read-only inputs, its [`Limits`]) and
//! gives back an [`Execution`] with a typed [`Outcome`], or a [`SandboxError`] if the sandbox itself
//! could not do its work. [`Guarantees`] says which protections hold on this machine, as measured.
//!
//! | file | noun |
//! |---|---|
//! | `job` | what to run and on what |
//! | `program`, `session`, `ending` | a program that is talked to while it runs, and how that ends |
//! | `limits` | how much of the machine it may use; `size_text`, `duration_text`: how that is written |
//! | `execution`, `outcome` | what came of it |
//! | `guarantees` | which protections hold, and how that is known |
//! | `verdict` | what an end means; `probe`: what an attack at the start shows |
//! | `system_calls`, `environment` | what a script may call and see, in every backend |
//! | `advice` | what a glance at a script shows a person; it decides nothing |
//! | `artefact` | the files it left behind, collected without following links |
//! | `docker` | the backend for a container engine: pooled, hardened, single-use containers |
//! | `process` | the backend for Linux: namespaces, cgroups, a system-call filter |
//! | `interpreter` | the Python environment that scripts run on |
//!
//! `python/` beside the sources holds the lock of that environment and the programs that start scripts in it, `docker/` the
//! recipes of the images. Both are compiled in.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]

mod advice;
mod artefact;
mod capture;
pub mod docker;
mod duration_text;
mod ending;
mod environment;
mod error;
mod execution;
mod guarantees;
pub mod interpreter;
mod job;
mod limits;
mod outcome;
mod probe;
mod process;
mod program;
mod session;
mod size_text;
mod system_calls;
mod verdict;

pub use advice::advice;
pub use artefact::{Artefact, Caps, Collected, Refused, collect, remove_tree};
pub use docker::{DockerOptions, DockerSandbox};
pub use ending::{Ended, Ending};
pub use error::SandboxError;
pub use execution::{Captured, Execution, Usage};
pub use guarantees::{Guarantee, Guarantees, Held, Protection};
pub use job::{Input, Job, Language, UnknownLanguage};
pub use limits::{LimitError, Limits};
pub use outcome::{Outcome, Output, TimeLimit};
pub use process::{Options, ProcessSandbox, entry};
pub use program::{Mount, Program, ProgramFault};
pub use session::{Reader, Session, Writer};

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// Something that runs a script where it can do no harm.
pub trait Sandbox: Send + Sync {
    /// Runs `job` to its end, and ends everything that it started.
    ///
    /// A script that fails, hangs or eats too much is an [`Outcome`], not an error. Dropping the
    /// future ends the job's processes, as cancelling does.
    ///
    /// # Errors
    /// [`SandboxError::Cancelled`] once `cancel` fires, and the other variants if the job could not
    /// be run as it was asked to be.
    fn run(&self, job: Job, cancel: CancellationToken) -> BoxFuture<'_, Result<Execution, SandboxError>>;

    /// Which protections hold here.
    fn guarantees(&self) -> &Guarantees;

    /// Gives back what the sandbox holds besides jobs, such as containers that are kept ready. Call it when
    /// no job will follow.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
