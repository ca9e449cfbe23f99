//! The graph in a sled database of its own.

mod key;
mod number;
mod trees;

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use futures::{FutureExt, future::BoxFuture};

use self::trees::Trees;
use super::{Edge, Facts, GraphError, GraphStats, GraphStore, Label, Node, Trail, Walk};

/// Nodes and edges in files of a folder.
///
/// No two processes can have the database open at once, and several runs write to one graph. So it is open only while
/// something is done with it and a little longer, because questions come one after another and opening takes longer
/// than most of them; and who works with it on and on gives way to those who wait.
#[derive(Clone)]
pub struct EmbeddedGraph {
    folder: Arc<Path>,
    /// How long another's work is waited for.
    wait: Duration,
    door: Arc<Mutex<Door>>,
    /// Whether it stays open.
    held: bool,
    /// Makes the folder, where the database does not do that itself.
    make_folder: Option<fn(&Path) -> io::Result<()>>,
}

/// Whether this process has the database open.
#[derive(Default)]
struct Door {
    open: Option<Open>,
    /// Whether a thread is there to close it.
    watched: bool,
}

struct Open {
    trees: Arc<Trees>,
    /// How long it took to open, without the wait for others.
    took: Duration,
    since: Instant,
    used: Instant,
}

/// Pause between two looks whether the database is free.
const PAUSE: Duration = Duration::from_millis(20);

/// How long it stays open with nothing to do.
const LINGER: Duration = Duration::from_millis(100);

/// How long it stays open with things to do, before others have a chance; for a large graph, as many times what it
/// took to open as [`TURNS`] says, since it would do little else.
const TURN: Duration = Duration::from_secs(1);

/// See [`TURN`].
const TURNS: u32 = 10;

impl EmbeddedGraph {
    /// The graph in `folder`, made at the first write, which shares it with other processes and waits for them no
    /// longer than `wait`.
    pub fn open_shared(folder: &Path, wait: Duration) -> Self {
        Self {
            folder: Arc::from(folder),
            wait,
            door: Arc::default(),
            held: false,
            make_folder: None,
        }
    }

    /// The same graph, whose folder is made by `make` where it does not exist.
    #[must_use]
    pub fn with_folder_made_by(self, make: fn(&Path) -> io::Result<()>) -> Self {
        Self {
            make_folder: Some(make),
            ..self
        }
    }

    /// The graph in `folder`, opened or made, and kept open until the last clone is dropped.
    ///
    /// # Errors
    /// When the folder cannot be written, or another process has it.
    pub fn open(folder: &Path) -> Result<Self, GraphError> {
        let graph = Self {
            held: true,
            ..Self::open_shared(folder, Duration::ZERO)
        };
        graph.open_trees()?;
        Ok(graph)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn open_trees(&self) -> Result<Arc<Trees>, GraphError> {
        let mut door = lock_door(&self.door);
        if let Some(open) = &door.open {
            if self.held || open.since.elapsed() < TURN.max(open.took * TURNS) || !open.is_idle() {
                return Ok(Arc::clone(&open.trees));
            }
            door.open = None;
            // Long enough for one who waits to look.
            thread::sleep(PAUSE * 2);
        }
        if let Some(make) = self.make_folder
            && !self.folder.exists()
        {
            make(&self.folder).map_err(sled::Error::Io)?;
        }
        let (trees, took) = Trees::open(&self.folder, self.wait)?;
        let trees = Arc::new(trees);
        let now = Instant::now();
        door.open = Some(Open {
            trees: Arc::clone(&trees),
            took,
            since: now,
            used: now,
        });
        Ok(trees)
    }

    /// Has it closed when nobody has worked with it for a while.
    fn schedule_close(&self) {
        if self.held {
            return;
        }
        let mut door = lock_door(&self.door);
        if let Some(open) = &mut door.open {
            open.used = Instant::now();
        }
        if door.watched {
            return;
        }
        let watched = Arc::downgrade(&self.door);
        let watcher = thread::Builder::new().name("graph".to_owned());
        match watcher.spawn(move || close_when_idle(&watched)) {
            Ok(_) => door.watched = true,
            Err(_) => door.open = None,
        }
    }

    fn run_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Trees) -> Result<T, GraphError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, GraphError>> {
        let graph = self.clone();
        async move {
            let worked = tokio::task::spawn_blocking(move || {
                let trees = graph.open_trees()?;
                let done = work(&trees);
                drop(trees);
                graph.schedule_close();
                done
            });
            worked.await.unwrap_or(Err(GraphError::Interrupted))
        }
        .boxed()
    }
}

impl Open {
    /// Whether nobody works with it just now.
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.trees) == 1
    }
}

fn lock_door(door: &Mutex<Door>) -> MutexGuard<'_, Door> {
    door.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes it when nobody has worked with it for a while.
fn close_when_idle(door: &Weak<Mutex<Door>>) {
    loop {
        thread::sleep(LINGER);
        // Gone with the graph, and closed.
        let Some(door) = door.upgrade() else { return };
        let mut door = lock_door(&door);
        let busy = |open: &Open| !open.is_idle() || open.used.elapsed() < LINGER;
        if !door.open.as_ref().is_some_and(busy) {
            door.open = None;
            door.watched = false;
            return;
        }
    }
}

impl GraphStore for EmbeddedGraph {
    fn merge(&self, facts: Facts) -> BoxFuture<'static, Result<(), GraphError>> {
        self.run_blocking(move |trees| trees.merge_facts(facts))
    }

    fn walk(&self, walk: Walk) -> BoxFuture<'static, Result<Vec<Trail>, GraphError>> {
        self.run_blocking(move |trees| trees.walk_trails(&walk))
    }

    fn around(&self, ids: Vec<String>, limit: usize) -> BoxFuture<'static, Result<Vec<Edge>, GraphError>> {
        self.run_blocking(move |trees| trees.edges_around(&ids, limit))
    }

    fn list(&self, label: Label, limit: usize) -> BoxFuture<'static, Result<Vec<Node>, GraphError>> {
        self.run_blocking(move |trees| trees.list_nodes(label, limit))
    }

    fn stats(&self) -> BoxFuture<'static, Result<GraphStats, GraphError>> {
        self.run_blocking(Trees::count_by_kind)
    }

    fn dump(&self) -> BoxFuture<'static, Result<Facts, GraphError>> {
        self.run_blocking(Trees::dump_facts)
    }

    fn clear(&self) -> BoxFuture<'static, Result<(), GraphError>> {
        self.run_blocking(Trees::clear_all)
    }
}
