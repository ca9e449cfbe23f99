//! The graph in a sled database of its own.

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::{FutureExt, future::BoxFuture};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::{
    Edge, Facts, GraphError, GraphStats, GraphStore, Label, Node, Relation, Step, Trail, VERSION, Walk, Way,
    facts::{Properties, count, unite, united},
    walk::in_order,
};

/// Nodes by id, edges by (from, type, to), and by (to, type, from).
///
/// The database is open only while something is done with it, because no two processes can have it open at once: several
/// runs write to one graph, and wait for one another.
#[derive(Clone)]
pub struct EmbeddedGraph {
    folder: Arc<Path>,
    /// How long another's work is waited for.
    wait: Duration,
    /// This process's own.
    open: Arc<Mutex<Option<Arc<Trees>>>>,
    /// Whether it stays open.
    held: bool,
}

struct Trees {
    db: sled::Db,
    nodes: sled::Tree,
    edges: sled::Tree,
    back: sled::Tree,
}

/// Pause between two looks whether the database is free.
const PAUSE: Duration = Duration::from_millis(20);

/// Of the pages that the database keeps in memory, in bytes.
const CACHE: u64 = 64 * 1024 * 1024;

/// Key of the version in the default tree.
const VERSION_KEY: &str = "schema_version";

impl EmbeddedGraph {
    /// The graph in `folder`, made at the first write, which shares it with other processes and waits for them no longer
    /// than `wait`.
    pub fn shared(folder: &Path, wait: Duration) -> Self {
        Self {
            folder: Arc::from(folder),
            wait,
            open: Arc::default(),
            held: false,
        }
    }

    /// The graph in `folder`, opened or made, and kept open until the last clone is dropped.
    ///
    /// # Errors
    /// When the folder cannot be written, or another process has it.
    pub fn open(folder: &Path) -> Result<Self, GraphError> {
        let graph = Self {
            held: true,
            ..Self::shared(folder, Duration::ZERO)
        };
        graph.trees()?;
        Ok(graph)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn trees(&self) -> Result<Arc<Trees>, GraphError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(trees) = open.as_ref() {
            return Ok(Arc::clone(trees));
        }
        let trees = Arc::new(Trees::open(&self.folder, self.wait)?);
        *open = Some(Arc::clone(&trees));
        Ok(trees)
    }

    /// Closes it if nobody else of this process works with it.
    fn rest(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.held && open.as_ref().is_some_and(|trees| Arc::strong_count(trees) == 1) {
            *open = None;
        }
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Trees) -> Result<T, GraphError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, GraphError>> {
        let graph = self.clone();
        async move {
            let worked = tokio::task::spawn_blocking(move || {
                let trees = graph.trees()?;
                let done = work(&trees);
                drop(trees);
                graph.rest();
                done
            });
            worked.await.unwrap_or(Err(GraphError::Interrupted))
        }
        .boxed()
    }
}

impl Trees {
    fn open(folder: &Path, wait: Duration) -> Result<Self, GraphError> {
        let until = Instant::now() + wait;
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(CACHE)
            .flush_every_ms(None);
        let db = loop {
            // A panic of sled on damaged files becomes an error.
            let Ok(opened) = catch_unwind(AssertUnwindSafe(|| config.open())) else {
                return Err(GraphError::Damaged {
                    place: folder.display().to_string(),
                });
            };
            match opened {
                Ok(db) => break db,
                Err(error) if is_taken(&error) && Instant::now() < until => std::thread::sleep(PAUSE),
                Err(error) if is_taken(&error) => {
                    return Err(GraphError::Away {
                        address: folder.display().to_string(),
                        reason: "another process works with it".to_owned(),
                    });
                }
                Err(sled::Error::Corruption { .. }) => {
                    return Err(GraphError::Damaged {
                        place: folder.display().to_string(),
                    });
                }
                Err(error) => return Err(error.into()),
            }
        };
        let trees = Self {
            nodes: db.open_tree("nodes")?,
            edges: db.open_tree("edges")?,
            back: db.open_tree("back")?,
            db,
        };
        trees.check_version(folder)?;
        Ok(trees)
    }

    fn check_version(&self, folder: &Path) -> Result<(), GraphError> {
        let found = self.db.get(VERSION_KEY)?;
        match found.and_then(|bytes| bytes.as_ref().try_into().ok().map(u32::from_be_bytes)) {
            Some(VERSION) => Ok(()),
            None if self.nodes.is_empty() => {
                self.db.insert(VERSION_KEY, VERSION.to_be_bytes().as_slice())?;
                Ok(())
            }
            found => Err(GraphError::Version {
                place: folder.display().to_string(),
                found: found.unwrap_or_default(),
            }),
        }
    }

    fn merge(&self, facts: Facts) -> Result<(), GraphError> {
        let facts = facts.settled()?;
        let mut nodes = sled::Batch::default();
        for node in &facts.nodes {
            let mut properties = self.properties(&self.nodes, node.id.as_bytes())?.unwrap_or_default();
            unite(&mut properties, node.properties.clone());
            nodes.insert(node.id.as_bytes(), serde_json::to_vec(&properties)?);
        }
        let (mut edges, mut back) = (sled::Batch::default(), sled::Batch::default());
        for edge in &facts.edges {
            let key = key(&edge.from, edge.kind, &edge.to);
            let mut properties = self.properties(&self.edges, &key)?.unwrap_or_default();
            unite(&mut properties, edge.properties.clone());
            edges.insert(key, serde_json::to_vec(&properties)?);
            back.insert(self::key(&edge.to, edge.kind, &edge.from), Vec::new());
        }
        // In this order, so that no edge is without its ends and what the index names is there.
        self.nodes.apply_batch(nodes)?;
        self.edges.apply_batch(edges)?;
        self.back.apply_batch(back)?;
        self.db.flush()?;
        Ok(())
    }

    fn properties(&self, tree: &sled::Tree, key: &[u8]) -> Result<Option<Properties>, GraphError> {
        let found = tree.get(key)?;
        Ok(found.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    fn node(&self, id: &str) -> Result<Option<Node>, GraphError> {
        let Some(properties) = self.properties(&self.nodes, id.as_bytes())? else {
            return Ok(None);
        };
        Ok(Some(Node {
            label: Label::of(id)?,
            id: id.to_owned(),
            properties,
        }))
    }

    /// Ids at the other ends of edges of a type.
    fn ends(&self, id: &str, step: Step) -> Result<Vec<String>, GraphError> {
        let tree = match step.way {
            Way::Out => &self.edges,
            Way::In => &self.back,
        };
        let prefix = key(id, step.relation, "");
        let mut ends = Vec::new();
        for item in tree.scan_prefix(&prefix).keys() {
            let end = plain(item?.get(prefix.len()..).unwrap_or_default())?;
            if Label::of(&end)? == step.to {
                ends.push(end);
            }
        }
        Ok(ends)
    }

    fn walk(&self, walk: &Walk) -> Result<Vec<Trail>, GraphError> {
        let mut trails: Vec<(String, Vec<String>)> = walk.from.iter().map(|id| (id.clone(), Vec::new())).collect();
        for step in &walk.steps {
            let mut longer = Vec::new();
            for (at, trail) in trails {
                for end in self.ends(&at, *step)? {
                    let mut trail = trail.clone();
                    trail.push(end.clone());
                    longer.push((end, trail));
                }
            }
            trails = longer;
        }
        let trails = trails.into_iter();
        let trails = trails.map(|(at, trail)| if walk.steps.is_empty() { vec![at] } else { trail });
        self.best(trails.collect(), walk)
    }

    /// The first of trails, put in order before anything but the property that it goes by is read of their nodes.
    fn best(&self, trails: Vec<Vec<String>>, walk: &Walk) -> Result<Vec<Trail>, GraphError> {
        let mut values: HashMap<String, Option<f64>> = HashMap::new();
        let mut ranked = Vec::with_capacity(trails.len());
        for trail in trails {
            let value = match (walk.order, trail.last()) {
                (Some(name), Some(last)) => match values.get(last) {
                    Some(value) => *value,
                    None => {
                        let value = self.number(last, name)?;
                        values.insert(last.clone(), value);
                        value
                    }
                },
                _ => None,
            };
            ranked.push((value, trail));
        }
        ranked.sort_by(|(a_value, a), (b_value, b)| {
            in_order(
                (*a_value, *b_value),
                a.iter().map(String::as_str),
                b.iter().map(String::as_str),
            )
        });
        let mut found = Vec::new();
        let mut known: HashMap<String, Option<Node>> = HashMap::new();
        for (_, trail) in ranked {
            if found.len() >= walk.limit {
                break;
            }
            let mut nodes = Vec::with_capacity(trail.len());
            for id in trail {
                let node = match known.get(&id) {
                    Some(node) => node.clone(),
                    None => {
                        let node = self.node(&id)?;
                        known.insert(id, node.clone());
                        node
                    }
                };
                nodes.push(node);
            }
            found.extend(nodes.into_iter().collect::<Option<Trail>>());
        }
        Ok(found)
    }

    /// A property that is a number, without reading the others.
    fn number(&self, id: &str, name: &str) -> Result<Option<f64>, GraphError> {
        let Some(bytes) = self.nodes.get(id)? else {
            return Ok(None);
        };
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        Ok(OneNumber(name).deserialize(&mut json)?)
    }

    fn around(&self, ids: &[String], limit: usize) -> Result<Vec<Edge>, GraphError> {
        let mut edges = Vec::new();
        for id in ids {
            let mut prefix = escaped(id);
            prefix.push(0);
            for (tree, way) in [(&self.edges, Way::Out), (&self.back, Way::In)] {
                for item in tree.scan_prefix(&prefix).keys() {
                    if edges.len() >= limit {
                        return Ok(edges);
                    }
                    let (near, kind, far) = parts(&item?)?;
                    let (from, to) = match way {
                        Way::Out => (near, far),
                        Way::In => (far, near),
                    };
                    let properties = self.properties(&self.edges, &key(&from, kind, &to))?;
                    edges.push(Edge {
                        kind,
                        from,
                        to,
                        properties: properties.unwrap_or_default(),
                    });
                }
            }
        }
        Ok(edges)
    }

    fn dump(&self) -> Result<Facts, GraphError> {
        let mut facts = Facts::default();
        for item in self.nodes.iter() {
            let (id, properties) = item?;
            let id = String::from_utf8_lossy(&id).into_owned();
            let properties: Properties = serde_json::from_slice(&properties)?;
            facts.node(Node {
                label: Label::of(&id)?,
                id,
                properties: united(properties),
            });
        }
        for item in self.edges.iter() {
            let (key, properties) = item?;
            let (from, kind, to) = parts(&key)?;
            let properties = serde_json::from_slice(&properties)?;
            facts.edge(Edge {
                kind,
                from,
                to,
                properties,
            });
        }
        Ok(facts)
    }

    fn stats(&self) -> Result<GraphStats, GraphError> {
        let mut labels = Vec::new();
        for id in self.nodes.iter().keys() {
            labels.push(Label::of(&String::from_utf8_lossy(&id?))?.name());
        }
        let mut kinds = Vec::new();
        for key in self.edges.iter().keys() {
            kinds.push(parts(&key?)?.1.name());
        }
        Ok(GraphStats {
            nodes: count(labels.into_iter()),
            edges: count(kinds.into_iter()),
        })
    }

    fn list(&self, label: Label, limit: usize) -> Result<Vec<Node>, GraphError> {
        let prefix = format!("{}:", label.name().to_lowercase());
        let mut nodes = Vec::new();
        for item in self.nodes.scan_prefix(prefix).take(limit) {
            let (id, properties) = item?;
            nodes.push(Node {
                label,
                id: String::from_utf8_lossy(&id).into_owned(),
                properties: serde_json::from_slice(&properties)?,
            });
        }
        Ok(nodes)
    }
}

impl GraphStore for EmbeddedGraph {
    fn merge(&self, facts: Facts) -> BoxFuture<'static, Result<(), GraphError>> {
        self.blocking(move |trees| trees.merge(facts))
    }

    fn walk(&self, walk: Walk) -> BoxFuture<'static, Result<Vec<Trail>, GraphError>> {
        self.blocking(move |trees| trees.walk(&walk))
    }

    fn around(&self, ids: Vec<String>, limit: usize) -> BoxFuture<'static, Result<Vec<Edge>, GraphError>> {
        self.blocking(move |trees| trees.around(&ids, limit))
    }

    fn list(&self, label: Label, limit: usize) -> BoxFuture<'static, Result<Vec<Node>, GraphError>> {
        self.blocking(move |trees| trees.list(label, limit))
    }

    fn stats(&self) -> BoxFuture<'static, Result<GraphStats, GraphError>> {
        self.blocking(Trees::stats)
    }

    fn dump(&self) -> BoxFuture<'static, Result<Facts, GraphError>> {
        self.blocking(Trees::dump)
    }

    fn clear(&self) -> BoxFuture<'static, Result<(), GraphError>> {
        self.blocking(|trees| {
            trees.back.clear()?;
            trees.edges.clear()?;
            trees.nodes.clear()?;
            trees.db.flush()?;
            Ok(())
        })
    }
}

/// The key of an edge; a prefix of keys where `far` is empty.
fn key(near: &str, kind: Relation, far: &str) -> Vec<u8> {
    let mut key = escaped(near);
    key.push(0);
    key.extend(kind.name().as_bytes());
    key.push(0);
    key.extend(escaped(far));
    key
}

/// The text without the byte that parts keys.
fn escaped(text: &str) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            0 | 1 => escaped.extend([1, byte + 1]),
            byte => escaped.push(byte),
        }
    }
    escaped
}

fn plain(escaped: &[u8]) -> Result<String, GraphError> {
    let mut bytes = escaped.iter().copied();
    let mut plain = Vec::with_capacity(escaped.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            1 => bytes.next().map_or(1, |next| next.saturating_sub(1)),
            byte => byte,
        });
    }
    String::from_utf8(plain).map_err(|error| GraphError::Id { id: error.to_string() })
}

fn parts(key: &[u8]) -> Result<(String, Relation, String), GraphError> {
    let mut parts = key.splitn(3, |byte| *byte == 0);
    let near = plain(parts.next().unwrap_or_default())?;
    let kind = parts
        .next()
        .and_then(|kind| Relation::of(std::str::from_utf8(kind).ok()?));
    let kind = kind.ok_or_else(|| GraphError::Id { id: near.clone() })?;
    let far = plain(parts.next().unwrap_or_default())?;
    Ok((near, kind, far))
}

/// Of an object, one number.
struct OneNumber<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for OneNumber<'_> {
    type Value = Option<f64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<f64>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneNumber<'_> {
    type Value = Option<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("properties")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<f64>, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            match name == self.0 {
                true => found = map.next_value::<Value>()?.as_f64(),
                false => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

fn is_taken(error: &sled::Error) -> bool {
    match error {
        sled::Error::Io(error) => {
            error.kind() == std::io::ErrorKind::WouldBlock || error.to_string().contains("could not acquire lock")
        }
        _ => false,
    }
}
