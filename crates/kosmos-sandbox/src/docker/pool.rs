//! Containers that are started before they are needed, because starting one takes longer than most scripts.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::task::JoinHandle;

use super::{
    container::{CommonSettings, ContainerShape},
    engine::ContainerEngine,
    lease::ContainerLease,
};
use crate::SandboxError;

type Making = JoinHandle<Result<ContainerLease, SandboxError>>;

/// Number of shapes of which containers are kept ready; the least recently used one is dropped.
const KINDS: usize = 3;

/// Ready containers, each for a single job.
#[derive(Debug)]
pub struct ContainerPool {
    engine: ContainerEngine,
    common: Arc<CommonSettings>,
    /// Number of containers of each shape that are kept ready.
    size: usize,
    /// Shapes in the order of their last use, the latest last.
    kinds: Mutex<VecDeque<(ContainerShape, VecDeque<Making>)>>,
}

impl ContainerPool {
    pub fn new(engine: ContainerEngine, common: Arc<CommonSettings>, size: usize) -> Self {
        Self {
            engine,
            common,
            size,
            kinds: Mutex::default(),
        }
    }

    /// Takes an unused container of `shape` and begins to start another in its place. The first request for a shape
    /// starts no others, since it may be the only one.
    pub async fn take_container(&self, shape: &ContainerShape) -> Result<ContainerLease, SandboxError> {
        let (ready, given_up) = {
            let mut kinds = self.lock_kinds();
            let known = kinds.iter().position(|(kind, _)| kind == shape);
            let mut waiting = known.and_then(|at| kinds.remove(at)).map(|(_, waiting)| waiting);
            let ready = waiting.as_mut().and_then(VecDeque::pop_front);
            let mut waiting = waiting.unwrap_or_default();
            while known.is_some() && waiting.len() < self.size {
                waiting.push_back(self.begin_container(shape.clone()));
            }
            kinds.push_back((shape.clone(), waiting));
            (ready, if kinds.len() > KINDS { kinds.pop_front() } else { None })
        };
        if let Some((_, given_up)) = given_up {
            remove_unused(given_up).await;
        }
        match ready {
            Some(making) => making
                .await
                .unwrap_or_else(|error| Err(SandboxError::Lost(error.to_string()))),
            None => ContainerLease::start_ready(&self.engine, &self.common, shape).await,
        }
    }

    /// Begins to start containers of `shape`.
    pub fn prepare_shape(&self, shape: &ContainerShape) {
        let waiting = (0..self.size).map(|_| self.begin_container(shape.clone())).collect();
        self.lock_kinds().push_back((shape.clone(), waiting));
    }

    /// Removes all unused containers; also called after the engine was lost.
    pub async fn remove_all(&self) {
        let kinds = std::mem::take(&mut *self.lock_kinds());
        for (_, waiting) in kinds {
            remove_unused(waiting).await;
        }
    }

    fn begin_container(&self, shape: ContainerShape) -> Making {
        let (engine, common) = (self.engine.clone(), Arc::clone(&self.common));
        tokio::spawn(async move { ContainerLease::start_ready(&engine, &common, &shape).await })
    }

    fn lock_kinds(&self) -> MutexGuard<'_, VecDeque<(ContainerShape, VecDeque<Making>)>> {
        // A panic while it was locked cannot have left the queue inconsistent.
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the containers that are being started, and removes them.
async fn remove_unused(waiting: VecDeque<Making>) {
    for making in waiting {
        if let Ok(Ok(lease)) = making.await
            && let Err(error) = lease.remove().await
        {
            tracing::debug!(%error, "could not remove a container; a later start will");
        }
    }
}
