//! The writer thread: groups waiting commits, so that they share a write and an fsync.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::oneshot;

use super::{
    Commit, Committed, JournalError,
    store::{Store, Written},
    wal::Wal,
};
use crate::RunPayload;

/// The most commits that share a write.
const GROUP: usize = 256;

/// How long the database may lag behind the log.
const LAG: Duration = Duration::from_millis(200);

/// How many commits the database may lag behind the log before the writer waits for it.
const BEHIND: usize = 4096;

pub(super) type Reply<P> = oneshot::Sender<Result<Committed<P>, Arc<JournalError>>>;

/// A commit on its way to the writer.
pub(super) struct Request<P: RunPayload> {
    pub(super) commit: Commit<P>,
    pub(super) reply: Reply<P>,
}

/// Runs the writer until the last handle of the journal is dropped.
///
/// A commit is done once its lines are in the log: after one write, and one fsync if it has to survive a power failure.
/// A thread of its own inserts it into the database, so that no commit waits for that; after a crash the database gets
/// what it lacks from the log.
pub(super) fn run_writer<P: RunPayload>(store: &Store<P>, mut wal: Wal, requests: &mpsc::Receiver<Request<P>>) {
    let broken = Mutex::new(None);
    thread::scope(|scope| {
        let (wake, woken) = mpsc::sync_channel(1);
        scope.spawn(|| settle_in_background(store, woken, &broken));
        let mut failed: Option<Arc<JournalError>> = None;
        while let Ok(first) = requests.recv() {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(next) = requests.try_recv()
            {
                group.push(next);
            }
            if failed.is_none() {
                failed.clone_from(&broken.lock().unwrap_or_else(PoisonError::into_inner));
            }
            if let Some(error) = &failed {
                for request in group {
                    let _ = request.reply.send(Err(Arc::clone(error)));
                }
                continue;
            }
            failed = write_group(store, &mut wal, group).err();
            // If the channel is full, the thread is awake.
            let _ = wake.try_send(());
            if store.waiting_commits() >= BEHIND
                && let Err(error) = store.settle_waiting()
            {
                failed.get_or_insert(Arc::new(error));
            }
        }
    });
}

/// Flushes commits to the database a while after the first that it lacks, until the writer ends, and once more then.
fn settle_in_background<P: RunPayload>(
    store: &Store<P>,
    woken: mpsc::Receiver<()>,
    broken: &Mutex<Option<Arc<JournalError>>>,
) {
    while woken.recv().is_ok() {
        let until = Instant::now() + LAG;
        while woken
            .recv_timeout(until.saturating_duration_since(Instant::now()))
            .is_ok()
        {}
        if let Err(error) = store.flush_to_disk() {
            *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(error));
        }
    }
    // A failure here loses nothing: the log has all commits.
    let _ = store.flush_to_disk();
}

pub(super) fn write_group<P: RunPayload>(
    store: &Store<P>,
    wal: &mut Wal,
    group: Vec<Request<P>>,
) -> Result<(), Arc<JournalError>> {
    let mut written: Vec<(Written<P>, Reply<P>)> = Vec::with_capacity(group.len());
    let mut failure: Option<Arc<JournalError>> = None;
    for request in group {
        if let Some(error) = &failure {
            let _ = request.reply.send(Err(Arc::clone(error)));
            continue;
        }
        match store.add_commit(request.commit, now_ms()) {
            Ok(done) => written.push((done, request.reply)),
            Err(error) => {
                let error = Arc::new(error);
                let _ = request.reply.send(Err(Arc::clone(&error)));
                failure = Some(error);
            }
        }
    }
    if let Err(error) = wal.append_commits(written.iter().map(|(done, _)| done)) {
        store.forget_waiting();
        let error = Arc::new(error);
        for (_, reply) in written {
            let _ = reply.send(Err(Arc::clone(&error)));
        }
        return Err(error);
    }
    for (done, reply) in written {
        let _ = reply.send(Ok(done.committed));
    }
    failure.map_or(Ok(()), Err)
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}
