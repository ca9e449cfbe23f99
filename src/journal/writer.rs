//! The one writer: groups commits, and shares one flush among those that wait.

use std::{
    path::Path,
    sync::{Arc, mpsc},
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::sync::oneshot;

use super::{
    Commit, Committed, Durability, JournalError,
    mirror::Mirror,
    store::{Store, Written},
};

/// Commits that share a flush, at most.
const GROUP: usize = 256;

pub(super) type Reply = oneshot::Sender<Result<Committed, Arc<JournalError>>>;

/// A commit on its way to the writer.
pub(super) struct Request {
    pub(super) commit: Commit,
    pub(super) reply: Reply,
}

/// The writer's own loop; it ends when the last handle of the journal is dropped.
pub(super) fn run(
    store: &Store,
    mut mirror: Mirror,
    requests: &mpsc::Receiver<Request>,
    durability: Durability,
    database: &Path,
) {
    let mut failed: Option<Arc<JournalError>> = None;
    while let Ok(first) = requests.recv() {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(next) = requests.try_recv()
        {
            group.push(next);
        }
        if let Some(error) = &failed {
            for request in group {
                let _ = request.reply.send(Err(Arc::clone(error)));
            }
            continue;
        }
        if let Err(error) = write_group(store, &mut mirror, group, durability, database) {
            failed = Some(error);
        }
    }
}

fn write_group(
    store: &Store,
    mirror: &mut Mirror,
    group: Vec<Request>,
    durability: Durability,
    database: &Path,
) -> Result<(), Arc<JournalError>> {
    let mut written: Vec<(Written, Reply)> = Vec::with_capacity(group.len());
    let mut failure: Option<Arc<JournalError>> = None;
    for request in group {
        if let Some(error) = &failure {
            let _ = request.reply.send(Err(Arc::clone(error)));
            continue;
        }
        match store.commit(request.commit, now_ms()) {
            Ok(done) => written.push((done, request.reply)),
            Err(error) => {
                let error = Arc::new(error);
                let _ = request.reply.send(Err(Arc::clone(&error)));
                failure = Some(error);
            }
        }
    }
    if let Err(error) = persist(store, mirror, &written, durability, database) {
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

fn persist(
    store: &Store,
    mirror: &mut Mirror,
    written: &[(Written, Reply)],
    durability: Durability,
    database: &Path,
) -> Result<(), JournalError> {
    store.db.flush()?;
    let power = durability == Durability::Power;
    if power {
        // sled's flush is sync_file_range on Linux, which does not reach the disk's own cache.
        let path = database.join("db");
        std::fs::File::open(&path)
            .and_then(|file| file.sync_data())
            .map_err(|source| JournalError::Io { path, source })?;
    }
    for (done, _) in written {
        mirror.append(&done.entries, &done.lines, power)?;
    }
    Ok(())
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}
