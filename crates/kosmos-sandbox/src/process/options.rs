//! What a process sandbox is made from.

use std::path::PathBuf;

use crate::interpreter::Interpreter;

/// The parts of the host that a process sandbox uses.
#[derive(Debug, Clone)]
pub struct Options {
    /// The kosmos binary, whose `main` calls [`entry`](super::entry).
    pub launcher: PathBuf,
    /// The interpreter, an absolute path.
    pub python: PathBuf,
    /// Files and folders besides `/usr`, `/lib*` and `/bin` that the interpreter needs; they appear
    /// at the same place inside, read-only.
    pub readonly: Vec<PathBuf>,
    /// Files beneath `readonly` that appear in `/tmp` as links, such as caches that programs look for.
    pub scratch_links: Vec<PathBuf>,
    /// Use cgroups where they can be used. Off is for tests of what happens without.
    pub cgroups: bool,
    /// Start Python scripts in forks of an interpreter that has imported `preload` once, instead of starting
    /// an interpreter for each. Needs Linux 5.8 or later, and the memory that the imports take.
    pub warm: bool,
    /// The modules that are imported beforehand; none given means those that most scripts use.
    pub preload: Option<Vec<String>>,
}

impl Options {
    /// This process's own binary as launcher, for running scripts with `interpreter`.
    #[must_use]
    pub fn new(interpreter: &Interpreter) -> Self {
        Self {
            launcher: PathBuf::from("/proc/self/exe"),
            python: interpreter.python.clone(),
            readonly: interpreter.readonly_paths(),
            scratch_links: interpreter.caches(),
            cgroups: true,
            warm: true,
            preload: None,
        }
    }
}
