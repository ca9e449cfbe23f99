//! The sandbox itself: what the rest of kosmos holds.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    cgroup::Cgroups,
    plan, probe,
    run::{self, Site},
    session, staging,
    zygote::Zygote,
};
use crate::{Execution, Guarantees, Job, Program, Sandbox, SandboxError, Session};

/// Runs scripts in Linux namespaces on this machine.
#[derive(Debug, Clone)]
pub struct ProcessSandbox {
    site: Arc<Site>,
    guarantees: Arc<Guarantees>,
}

impl ProcessSandbox {
    /// Removes what dead kosmos processes left behind, and measures by a real attack what the sandbox
    /// withstands here. Takes a fraction of a second, or as long as it takes to import the packages for warm
    /// starts; needs a tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError::Unavailable`] if an essential protection is missing, or if the packages cannot be
    /// imported, with the remedy.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let cgroups = if options.cgroups {
            Cgroups::find()
        } else {
            Cgroups::Unusable("switched off".to_owned())
        };
        staging::sweep();
        let zygote = options.warm.then(|| Arc::new(Zygote::new(&options)));
        if let Some(zygote) = zygote.clone() {
            run::blocking(move || zygote.start()).await?;
        }
        let site = Arc::new(Site {
            options,
            cgroups,
            identity: plan::identity(),
            zygote,
        });
        let guarantees = Arc::new(probe::probe(&site).await?);
        Ok(Self { site, guarantees })
    }

    /// Starts `program`, to be talked to while it runs. Everything that holds for jobs holds for it, by the same means; it
    /// lives as long as the session, kosmos and its limits let it. Needs a tokio runtime. Dropping the future ends what it has
    /// started.
    ///
    /// # Errors
    /// [`SandboxError::InvalidProgram`] if it is not there or contradicts itself, [`SandboxError::Setup`] if it could not be
    /// started, and others if the sandbox could not do its work.
    pub async fn open(&self, program: Program) -> Result<Session, SandboxError> {
        session::open(Arc::clone(&self.site), program).await
    }
}

impl Sandbox for ProcessSandbox {
    fn run(&self, job: Job, cancel: CancellationToken) -> BoxFuture<'_, Result<Execution, SandboxError>> {
        let site = Arc::clone(&self.site);
        Box::pin(async move {
            // A task of its own, so that dropping this future ends the job in order.
            let abandoned = cancel.child_token();
            let _guard = abandoned.clone().drop_guard();
            match tokio::spawn(run::run(site, job, abandoned)).await {
                Ok(ended) => Ok(ended?.execution),
                Err(error) => Err(SandboxError::Lost(error.to_string())),
            }
        })
    }

    fn guarantees(&self) -> &Guarantees {
        &self.guarantees
    }
}
