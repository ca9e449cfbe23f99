//! Landlock: a second layer of file rules, in case the first has a hole.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, PathBeneath, PathFd, PathFdError, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

/// Why the rules could not be set. A kernel without Landlock is no error.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    #[error(transparent)]
    Path(#[from] PathFdError),
    #[error(transparent)]
    Rules(#[from] RulesetError),
}

/// Makes rules that let a process and its children read everything, and write only in the workspace and the
/// filesystems in memory, as far as the kernel supports them.
pub fn make_landlock_rules(workspace: &Path) -> Result<RulesetCreated, ConfineError> {
    let abi = ABI::V6;
    let mut write = AccessFs::from_all(abi);
    write.remove(AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock);
    let device = AccessFs::ReadFile | AccessFs::WriteFile;
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .add_rule(PathBeneath::new(PathFd::new("/")?, AccessFs::from_read(abi)))?;
    for path in [workspace, Path::new("/tmp"), Path::new("/dev/shm")] {
        rules = rules.add_rule(PathBeneath::new(PathFd::new(path)?, write))?;
    }
    for path in ["/dev/null", "/dev/zero", "/dev/full", "/dev/urandom"] {
        rules = rules.add_rule(PathBeneath::new(PathFd::new(path)?, device))?;
    }
    Ok(rules)
}

/// Applies `rules` to this process. Returns true if the kernel enforces any of them.
pub fn restrict_self(rules: RulesetCreated) -> Result<bool, ConfineError> {
    let RestrictionStatus { ruleset, .. } = rules.restrict_self()?;
    Ok(ruleset != RulesetStatus::NotEnforced)
}
