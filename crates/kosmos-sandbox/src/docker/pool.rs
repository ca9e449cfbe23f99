//! Containers that are made before they are needed, because making one takes longer than most scripts.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::task::JoinHandle;

use super::{
    container::{Common, Shape},
    engine::Engine,
    lease::Lease,
};
use crate::SandboxError;

type Making = JoinHandle<Result<Lease, SandboxError>>;

/// Kinds of containers that are kept ready at the same time; those used longest ago are given up.
const KINDS: usize = 3;

/// Ready containers, each for one job alone.
#[derive(Debug)]
pub struct Pool {
    engine: Engine,
    common: Arc<Common>,
    /// Containers of a kind that are kept ready.
    size: usize,
    /// Kinds in the order of their last use, the latest last.
    kinds: Mutex<VecDeque<(Shape, VecDeque<Making>)>>,
}

impl Pool {
    pub fn new(engine: Engine, common: Arc<Common>, size: usize) -> Self {
        Self {
            engine,
            common,
            size,
            kinds: Mutex::default(),
        }
    }

    /// A container of `shape` that nothing has used, and begins to make another in its place. Of a kind that
    /// is asked for the first time no more are made: there may be no second time.
    pub async fn take(&self, shape: &Shape) -> Result<Lease, SandboxError> {
        let (ready, given_up) = {
            let mut kinds = self.kinds();
            let known = kinds.iter().position(|(kind, _)| kind == shape);
            let mut waiting = known.and_then(|at| kinds.remove(at)).map(|(_, waiting)| waiting);
            let ready = waiting.as_mut().and_then(VecDeque::pop_front);
            let mut waiting = waiting.unwrap_or_default();
            while known.is_some() && waiting.len() < self.size {
                waiting.push_back(self.begin(shape.clone()));
            }
            kinds.push_back((shape.clone(), waiting));
            (ready, if kinds.len() > KINDS { kinds.pop_front() } else { None })
        };
        if let Some((_, given_up)) = given_up {
            give_up(given_up).await;
        }
        match ready {
            Some(making) => making
                .await
                .unwrap_or_else(|error| Err(SandboxError::Lost(error.to_string()))),
            None => Lease::make(&self.engine, &self.common, shape).await,
        }
    }

    /// Begins to make containers of `shape`.
    pub fn prepare(&self, shape: &Shape) {
        let waiting = (0..self.size).map(|_| self.begin(shape.clone())).collect();
        self.kinds().push_back((shape.clone(), waiting));
    }

    /// Removes what was made and not used; also for the time after the engine was lost.
    pub async fn empty(&self) {
        let kinds = std::mem::take(&mut *self.kinds());
        for (_, waiting) in kinds {
            give_up(waiting).await;
        }
    }

    fn begin(&self, shape: Shape) -> Making {
        let (engine, common) = (self.engine.clone(), Arc::clone(&self.common));
        tokio::spawn(async move { Lease::make(&engine, &common, &shape).await })
    }

    fn kinds(&self) -> MutexGuard<'_, VecDeque<(Shape, VecDeque<Making>)>> {
        // Whoever panicked while holding it has left a queue that is whole.
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the containers that are being made, and removes them.
async fn give_up(waiting: VecDeque<Making>) {
    for making in waiting {
        if let Ok(Ok(lease)) = making.await
            && let Err(error) = lease.remove().await
        {
            tracing::debug!(%error, "a container was left to be swept");
        }
    }
}
