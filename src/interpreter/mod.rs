//! Stub.
use std::path::PathBuf;
/// I
#[derive(Debug, Clone)]
pub struct Interpreter { /// p
 pub python: PathBuf }
impl Interpreter { /// r
 #[must_use] pub fn readonly_paths(&self) -> Vec<PathBuf> { vec![] } }
