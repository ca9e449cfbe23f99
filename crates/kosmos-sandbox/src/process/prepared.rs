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
    workspace::{OpenWorkspace, WorkspaceSize},
};
use crate::{Caps, Refused, ResourceLimits, SandboxError};

/// The group with its limits, the policy, and the folder for what will be left.
pub struct PreparedRun {
    /// On the host, with links resolved.
    workspace: PathBuf,
    pub policy: LaunchPolicy,
    pub group: Option<Arc<ControlGroup>>,
    identity: Identity,
    caps: Caps,
    // Keeps the copies of inputs until the run has ended.
    _staging: InputStaging,
}

/// What is there when everything inside has ended.
pub struct Left {
    pub size: WorkspaceSize,
    pub stats: GroupStats,
    /// The entries of the workspace that were not copied.
    pub refused: Vec<Refused>,
}

impl PreparedRun {
    /// Makes a group named after `key`. `plan` makes the policy, and may copy inputs.
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
        Ok(Self {
            workspace,
            policy,
            group: group.map(Arc::new),
            identity: site.identity,
            caps: Caps::within(limits),
            _staging: staging,
        })
    }

    /// Copies what is in the workspace to the host's folder, if it is `wanted`, and returns its size and the counters
    /// of the group. Call it when everything inside has ended.
    pub async fn copy_out_and_measure(self, workspace: Arc<OpenWorkspace>, wanted: bool) -> Result<Left, SandboxError> {
        run_blocking(move || {
            let (size, refused) = match wanted {
                true => workspace.copy_out(&self.workspace, self.identity, &self.caps)?,
                false => (workspace.measure(), Vec::new()),
            };
            let stats = self.group.as_ref().map(|group| group.read_stats()).unwrap_or_default();
            Ok(Left { size, stats, refused })
        })
        .await
    }
}
