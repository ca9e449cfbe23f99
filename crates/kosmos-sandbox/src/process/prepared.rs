//! Prepares a run before the launcher is started, and cleans up after it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    cgroup::{ControlGroup, GroupLimits, GroupStats},
    policy::{Identity, LaunchPolicy},
    run::{ProcessContext, run_blocking},
    staging::InputStaging,
    workspace::{self, WorkspaceSize},
};
use crate::{ResourceLimits, SandboxError};

/// A workspace that belongs to the script's user, the group with its limits, and the policy.
pub struct PreparedRun {
    /// On the host, with links resolved.
    pub workspace: PathBuf,
    pub policy: LaunchPolicy,
    pub group: Option<Arc<ControlGroup>>,
    identity: Identity,
    mode: u32,
    most_files: u64,
    // Keeps the copies of inputs until the run has ended.
    _staging: InputStaging,
}

impl PreparedRun {
    /// Gives `workspace` to the script's user and makes a group named after `key`. `plan` makes the policy, and may
    /// copy inputs.
    pub fn new(
        site: &ProcessContext,
        key: &str,
        limits: &ResourceLimits,
        workspace: PathBuf,
        plan: impl FnOnce(&Path, &mut InputStaging) -> Result<LaunchPolicy, SandboxError>,
    ) -> Result<Self, SandboxError> {
        let mut staging = InputStaging::default();
        let policy = plan(&workspace, &mut staging)?;
        let wanted = GroupLimits {
            memory_bytes: limits.memory_bytes,
            // The launcher and init are in the group too.
            processes: limits.processes.saturating_add(2),
        };
        let group = site
            .cgroups
            .make_group(key, &wanted)
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

    /// Takes the workspace back, removes the rest, and returns the size of the workspace and the counters of the group.
    /// Call it when everything inside has ended.
    pub async fn take_back_and_measure(self) -> Result<(WorkspaceSize, GroupStats), SandboxError> {
        run_blocking(move || {
            workspace::take_back(&self.workspace, self.identity, self.mode)
                .map_err(SandboxError::on_host("take back", &self.workspace))?;
            let size = workspace::measure_workspace(&self.workspace, self.most_files);
            let stats = self.group.as_ref().map(|group| group.read_stats()).unwrap_or_default();
            Ok((size, stats))
        })
        .await
    }
}
