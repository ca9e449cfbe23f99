//! Runs generated code, which must be regarded as hostile.
//!
//! A [`Sandbox`] takes a [`Job`] (a script, its workspace, its read-only inputs, its [`ResourceLimits`]) and
//! returns an [`Execution`] with a typed [`Outcome`], or a [`SandboxError`] if the sandbox itself
//! could not do its work. [`Guarantees`] lists the protections that hold on this machine, as measured.
//!
//! | file | noun |
//! |---|---|
//! | `job` | one script to run, with its inputs and limits |
//! | `program`, `session`, `ending` | a program that exchanges data with Kosmos while it runs, and how that ends |
//! | `limits` | how much of the machine it may use; `size_text`, `duration_text`: how that is written |
//! | `open_files` | the limit on open files of this process |
//! | `execution`, `outcome` | how a job ended; `result`: the numbers that a script left |
//! | `guarantees` | the protections that hold, and how that is known |
//! | `verdict` | the meaning of an exit code or signal; `probe`: the attack that measures the guarantees |
//! | `system_calls`, `environment` | the system calls and variables of a script, in every backend |
//! | `advice` | suspicious lines of a script, for a person to read; they decide nothing |
//! | `artefact` | the files that a job left behind, collected without following links |
//! | `temporary` | private temporary folders |
//! | `docker` | the backend for a container engine: pooled, hardened, single-use containers |
//! | `process` | the backend for Linux: namespaces, cgroups, a system-call filter |
//! | `interpreter` | the Python environment that scripts run on |
//!
//! `python/` beside the sources holds the lock of that environment and the programs that start scripts in it, `docker/`
//! the recipes of the images. Both are compiled in.

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
mod open_files;
mod outcome;
mod probe;
mod process;
mod program;
mod result;
mod session;
mod settings;
mod size_text;
mod system_calls;
mod temporary;
mod verdict;

pub use advice::list_risky_lines;
pub use artefact::{Caps, Collected, CollectedFile, Refused, collect_artefacts};
pub use docker::{DockerOptions, DockerSandbox};
pub use ending::{Ending, SessionEnd};
pub use error::SandboxError;
pub use execution::{Captured, Execution, Usage};
pub use guarantees::{Guarantee, Guarantees, Held, Protection};
pub use job::{Job, JobInput, Language, UnknownLanguage};
pub use limits::{LimitError, ResourceLimits};
pub use open_files::{NEEDED_OPEN_FILES, RECOMMENDED_OPEN_FILES, TooFewOpenFiles, ensure_open_files};
pub use outcome::{Outcome, Output, TimeLimit};
pub use process::{ProcessOptions, ProcessSandbox, become_launcher_if_asked};
pub use program::{Mount, Program, ProgramFault};
pub use result::{RESULT_BYTES, ResultFault, parse_result, read_result};
pub use session::{Reader, Session, Writer};
pub use settings::{Backend, ReaderSettings, SandboxSettings};
pub use temporary::TemporaryFolder;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// A backend that runs scripts where they can do no harm.
pub trait Sandbox: Send + Sync {
    /// Runs `job` to its end, and ends every process that it started.
    ///
    /// A script that fails, hangs or exceeds a limit is an [`Outcome`], not an error. Dropping the
    /// future ends the job's processes, as cancelling does.
    ///
    /// # Errors
    /// [`SandboxError::Cancelled`] once `cancel` fires, and the other variants if the job could not
    /// be run as requested.
    fn run(&self, job: Job, cancel: CancellationToken) -> BoxFuture<'_, Result<Execution, SandboxError>>;

    /// Returns the protections that hold here.
    fn guarantees(&self) -> &Guarantees;

    /// Releases resources of the sandbox such as containers that are kept ready. Call it after the last job.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
