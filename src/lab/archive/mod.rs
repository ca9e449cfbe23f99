//! A run as one file, to be copied to another machine, verified there and kept.
//!
//! | file | holds |
//! |---|---|
//! | `member` | the files that an archive may hold, by their names and sizes |
//! | `export` | writes an archive |
//! | `import` | reads one, and places its run once all of it is checked |
//! | `signature` | who signed an archive |
//! | `check` | the check of an unpacked run: its settings, its journal, its ledger |

mod check;
mod export;
mod import;
mod member;
mod signature;

use std::path::Path;

use super::LabError;

pub use export::{Exported, export_run};
pub use import::{Imported, import_run};
pub(super) use member::Member;
pub use signature::{SignatureError, Signed, Signer};

/// The error of an archive that cannot be written or read.
fn archive_error(file: &Path, problem: impl Into<String>) -> LabError {
    LabError::Archive {
        path: file.to_owned(),
        problem: problem.into(),
    }
}
