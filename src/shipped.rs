//! The files of `agents/` as they were when Kosmos was built.

use include_dir::{Dir, include_dir};

/// The folder: one folder per agent, and the SDK.
pub(crate) static AGENTS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/agents");
