//! The settings of a process sandbox.

use std::path::PathBuf;

use crate::interpreter::Interpreter;

/// The parts of the host that a process sandbox uses.
#[derive(Debug, Clone)]
pub struct ProcessOptions {
    /// The Kosmos binary, whose `main` calls [`become_launcher_if_asked`](super::become_launcher_if_asked).
    pub launcher: PathBuf,
    /// The interpreter, an absolute path.
    pub python: PathBuf,
    /// Files and folders besides `/usr`, `/lib*` and `/bin` that the interpreter needs; they appear
    /// at the same paths inside, read-only.
    pub readonly: Vec<PathBuf>,
    /// Files beneath `readonly` that appear in `/tmp` as links, such as caches that programs look for.
    pub scratch_links: Vec<PathBuf>,
    /// Use cgroups where possible. Switched off in tests of machines without them.
    pub cgroups: bool,
    /// Start Python scripts in forks of an interpreter that has imported `preload` once, instead of starting
    /// an interpreter for each. Needs Linux 5.8 or later, and memory for the imports.
    pub warm: bool,
    /// The modules that are imported in advance; by default those that most scripts use.
    pub preload: Option<Vec<String>>,
}

impl ProcessOptions {
    /// Returns the settings for running scripts with `interpreter`, with this process's binary as the launcher.
    #[must_use]
    pub fn new(interpreter: &Interpreter) -> Self {
        Self {
            launcher: PathBuf::from("/proc/self/exe"),
            python: interpreter.python.clone(),
            readonly: interpreter.readonly_paths(),
            scratch_links: interpreter.font_caches(),
            cgroups: true,
            warm: true,
            preload: None,
        }
    }
}
