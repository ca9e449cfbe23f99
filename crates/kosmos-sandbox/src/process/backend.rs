//! The process sandbox as the rest of Kosmos uses it.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{
    ProcessOptions,
    cgroup::Cgroups,
    plan, probe,
    run::{self, ProcessContext},
    session, staging,
    zygote::Zygote,
};
use crate::{Execution, Guarantees, Job, Program, Sandbox, SandboxError, Session, ensure_open_files};

/// Runs scripts in Linux namespaces on this machine.
#[derive(Debug, Clone)]
pub struct ProcessSandbox {
    site: Arc<ProcessContext>,
    guarantees: Arc<Guarantees>,
}

impl ProcessSandbox {
    /// Removes leftovers of dead Kosmos processes, and measures with a real attack what the sandbox
    /// withstands here. Takes a fraction of a second, or as long as importing the packages for warm
    /// starts takes; needs a tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError::Unavailable`] if an essential protection is missing, or if the packages cannot be
    /// imported.
    pub async fn start(options: ProcessOptions) -> Result<Self, SandboxError> {
        let cgroups = if options.cgroups {
            Cgroups::find_usable()
        } else {
            Cgroups::Unusable("switched off".to_owned())
        };
        ensure_open_files()?;
        staging::remove_stale_folders();
        let zygote = options.warm.then(|| Arc::new(Zygote::new(&options)));
        if let Some(zygote) = zygote.clone() {
            run::run_blocking(move || zygote.ensure_running()).await?;
        }
        let site = Arc::new(ProcessContext {
            options,
            cgroups,
            identity: plan::choose_identity(),
            zygote,
        });
        let guarantees = Arc::new(probe::measure_guarantees(&site).await?);
        Ok(Self { site, guarantees })
    }

    /// Starts `program`, with which Kosmos exchanges data while it runs. It gets the same protections as jobs, and ends
    /// with the session, with Kosmos, or at a limit. Needs a tokio runtime. Dropping the future ends the program.
    ///
    /// # Errors
    /// [`SandboxError::InvalidProgram`] if it does not exist or contradicts itself, [`SandboxError::Setup`] if it could
    /// not be started, and others if the sandbox could not do its work.
    pub async fn open_session(&self, program: Program) -> Result<Session, SandboxError> {
        session::open_session(Arc::clone(&self.site), program).await
    }
}

impl Sandbox for ProcessSandbox {
    fn run(&self, job: Job, cancel: CancellationToken) -> BoxFuture<'_, Result<Execution, SandboxError>> {
        let site = Arc::clone(&self.site);
        Box::pin(async move {
            // In its own task, so that dropping this future still ends the job in order.
            let abandoned = cancel.child_token();
            let _guard = abandoned.clone().drop_guard();
            match tokio::spawn(run::run_job(site, job, abandoned)).await {
                Ok(ended) => Ok(ended?.execution),
                Err(error) => Err(SandboxError::Lost(error.to_string())),
            }
        })
    }

    fn guarantees(&self) -> &Guarantees {
        &self.guarantees
    }
}
