//! What has to be there before the launcher is started, and what becomes of it when all is over.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    cgroup::{Group, Stats, Wanted},
    policy::{Identity, Policy},
    run::{Site, blocking},
    staging::Staging,
    workspace::{self, Size},
};
use crate::{Limits, SandboxError};

/// A workspace that is handed over, the group with its limits, and the policy.
pub struct Prepared {
    /// On the host, without links.
    pub workspace: PathBuf,
    pub policy: Policy,
    pub group: Option<Arc<Group>>,
    identity: Identity,
    mode: u32,
    most_files: u64,
    // Kept for its copies.
    _staging: Staging,
}

impl Prepared {
    /// Hands `workspace` over and makes a group that `key` names. `plan` makes the policy, and may have inputs copied.
    pub fn new(
        site: &Site,
        key: &str,
        limits: &Limits,
        workspace: PathBuf,
        plan: impl FnOnce(&Path, &mut Staging) -> Result<Policy, SandboxError>,
    ) -> Result<Self, SandboxError> {
        let mut staging = Staging::default();
        let policy = plan(&workspace, &mut staging)?;
        let wanted = Wanted {
            memory_bytes: limits.memory_bytes,
            // Launcher and init are in the group too.
            processes: limits.processes.saturating_add(2),
        };
        let group = site
            .cgroups
            .make(key, &wanted)
            .map_err(SandboxError::on_host("make a cgroup for", &workspace))?;
        let identity = site.identity;
        let mode =
            workspace::hand_over(&workspace, identity).map_err(SandboxError::on_host("hand over", &workspace))?;
        Ok(Self {
            workspace,
            policy,
            group: group.map(Arc::new),
            identity,
            mode,
            most_files: limits.workspace_files,
            _staging: staging,
        })
    }

    /// Takes the workspace back and removes the rest. Says how large the workspace is, and what the group has counted. Call
    /// it when everything inside has ended.
    pub async fn close(self) -> Result<(Size, Stats), SandboxError> {
        blocking(move || {
            workspace::take_back(&self.workspace, self.identity, self.mode)
                .map_err(SandboxError::on_host("take back", &self.workspace))?;
            let size = workspace::measure(&self.workspace, self.most_files);
            let stats = self.group.as_ref().map(|group| group.stats()).unwrap_or_default();
            Ok((size, stats))
        })
        .await
    }
}
