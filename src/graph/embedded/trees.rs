//! The database while it is open.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{Duration, Instant},
};

use serde::de::DeserializeSeed;

use super::{
    PAUSE,
    key::{edge_key, escape_separator, split_key, unescape_separator},
    number::OneNumber,
};
use crate::failpoint;
use crate::graph::{
    Edge, Facts, GraphError, GraphStats, Label, Node, OLDEST_READ, Trail, VERSION, Walk, WalkStep, Way,
    facts::{Properties, count_names, sort_sets, unite_properties},
    walk::compare_trails,
};

/// Nodes by id, edges by (from, type, to), and by (to, type, from).
pub(super) struct Trees {
    db: sled::Db,
    nodes: sled::Tree,
    edges: sled::Tree,
    back: sled::Tree,
}

/// Of the pages that the database keeps in memory, in bytes. A page that is not there takes twenty times as long, and a
/// question that looks at five hundred nodes of a hundred thousand needs another page for each.
const CACHE: u64 = 256 * 1024 * 1024;

/// Key of the version in the default tree.
const VERSION_KEY: &str = "schema_version";

impl Trees {
    /// Opens or makes it, and says how long that took without the wait for others.
    pub(super) fn open(folder: &Path, wait: Duration) -> Result<(Self, Duration), GraphError> {
        let until = Instant::now() + wait;
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(CACHE)
            .flush_every_ms(None);
        let (db, began) = loop {
            let began = Instant::now();
            // A panic of sled on damaged files becomes an error.
            let Ok(opened) = catch_unwind(AssertUnwindSafe(|| config.open())) else {
                return Err(GraphError::Damaged {
                    place: folder.display().to_string(),
                });
            };
            match opened {
                Ok(db) => break (db, began),
                Err(error) if is_locked_by_other(&error) && Instant::now() < until => std::thread::sleep(PAUSE),
                Err(error) if is_locked_by_other(&error) => {
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
        Ok((trees, began.elapsed()))
    }

    fn check_version(&self, folder: &Path) -> Result<(), GraphError> {
        let found = self.db.get(VERSION_KEY)?;
        match found.and_then(|bytes| bytes.as_ref().try_into().ok().map(u32::from_be_bytes)) {
            Some(OLDEST_READ..=VERSION) => Ok(()),
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

    pub(super) fn merge_facts(&self, facts: Facts) -> Result<(), GraphError> {
        let facts = facts.merge_duplicates()?;
        // Before anything of it is there, so that no earlier Kosmos reads what it does not know.
        let version = VERSION.to_be_bytes();
        if self.db.get(VERSION_KEY)?.is_none_or(|found| found.as_ref() != version) {
            self.db.insert(VERSION_KEY, version.as_slice())?;
            self.db.flush()?;
        }
        let mut nodes = sled::Batch::default();
        for node in &facts.nodes {
            let mut properties = self
                .read_properties(&self.nodes, node.id.as_bytes())?
                .unwrap_or_default();
            unite_properties(&mut properties, node.properties.clone());
            nodes.insert(node.id.as_bytes(), serde_json::to_vec(&properties)?);
        }
        let (mut edges, mut back) = (sled::Batch::default(), sled::Batch::default());
        for edge in &facts.edges {
            let key = edge_key(&edge.from, edge.kind, &edge.to);
            let mut properties = self.read_properties(&self.edges, &key)?.unwrap_or_default();
            unite_properties(&mut properties, edge.properties.clone());
            edges.insert(key, serde_json::to_vec(&properties)?);
            back.insert(self::edge_key(&edge.to, edge.kind, &edge.from), Vec::new());
        }
        // In this order, so that no edge is without its ends and what the index names is there.
        failpoint::crash("graph.merge.before", "");
        self.nodes.apply_batch(nodes)?;
        failpoint::crash("graph.merge.nodes", "");
        self.edges.apply_batch(edges)?;
        failpoint::crash("graph.merge.edges", "");
        self.back.apply_batch(back)?;
        self.db.flush()?;
        failpoint::crash("graph.merge.after", "");
        Ok(())
    }

    fn read_properties(&self, tree: &sled::Tree, key: &[u8]) -> Result<Option<Properties>, GraphError> {
        let found = tree.get(key)?;
        Ok(found.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    fn read_node(&self, id: &str) -> Result<Option<Node>, GraphError> {
        let Some(properties) = self.read_properties(&self.nodes, id.as_bytes())? else {
            return Ok(None);
        };
        Ok(Some(Node {
            label: Label::of_node_id(id)?,
            id: id.to_owned(),
            properties,
        }))
    }

    /// Ids at the other ends of edges of a type.
    fn far_ends(&self, id: &str, step: WalkStep) -> Result<Vec<String>, GraphError> {
        let tree = match step.way {
            Way::Out => &self.edges,
            Way::In => &self.back,
        };
        let prefix = edge_key(id, step.relation, "");
        let mut ends = Vec::new();
        for item in tree.scan_prefix(&prefix).keys() {
            let end = unescape_separator(item?.get(prefix.len()..).unwrap_or_default())?;
            if Label::of_node_id(&end)? == step.to {
                ends.push(end);
            }
        }
        Ok(ends)
    }

    pub(super) fn walk_trails(&self, walk: &Walk) -> Result<Vec<Trail>, GraphError> {
        // Each with where it began.
        let mut trails: Vec<Vec<String>> = walk.from.iter().map(|id| vec![id.clone()]).collect();
        for (at, step) in walk.steps.iter().enumerate() {
            let gone = walk.steps.get(..at).unwrap_or_default();
            let mut longer = Vec::new();
            for trail in trails {
                let Some(near) = trail.last() else { continue };
                for far in self.far_ends(near, *step)? {
                    if !passed_before(gone, &trail, *step, &far) {
                        let mut trail = trail.clone();
                        trail.push(far);
                        longer.push(trail);
                    }
                }
            }
            trails = longer;
        }
        if !walk.steps.is_empty() {
            for trail in &mut trails {
                trail.remove(0);
            }
        }
        self.best_trails(trails, walk)
    }

    /// The first of trails, put in order before anything but the property that it goes by is read of their nodes.
    fn best_trails(&self, trails: Vec<Vec<String>>, walk: &Walk) -> Result<Vec<Trail>, GraphError> {
        let mut values: HashMap<String, Option<f64>> = HashMap::new();
        let mut ranked = Vec::with_capacity(trails.len());
        for trail in trails {
            let value = match (walk.order, trail.last()) {
                (Some(name), Some(last)) => match values.get(last) {
                    Some(value) => *value,
                    None => {
                        let value = self.number_property(last, name)?;
                        values.insert(last.clone(), value);
                        value
                    }
                },
                _ => None,
            };
            ranked.push((value, trail));
        }
        ranked.sort_by(|(a_value, a), (b_value, b)| {
            compare_trails(
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
                        let node = self.read_node(&id)?;
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
    fn number_property(&self, id: &str, name: &str) -> Result<Option<f64>, GraphError> {
        let Some(bytes) = self.nodes.get(id)? else {
            return Ok(None);
        };
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        Ok(OneNumber(name).deserialize(&mut json)?)
    }

    pub(super) fn edges_around(&self, ids: &[String], limit: usize) -> Result<Vec<Edge>, GraphError> {
        let mut edges = Vec::new();
        for id in ids {
            let mut prefix = escape_separator(id);
            prefix.push(0);
            for (tree, way) in [(&self.edges, Way::Out), (&self.back, Way::In)] {
                for item in tree.scan_prefix(&prefix).keys() {
                    if edges.len() >= limit {
                        return Ok(edges);
                    }
                    let (near, kind, far) = split_key(&item?)?;
                    let (from, to) = match way {
                        Way::Out => (near, far),
                        Way::In => (far, near),
                    };
                    let properties = self.read_properties(&self.edges, &edge_key(&from, kind, &to))?;
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

    pub(super) fn dump_facts(&self) -> Result<Facts, GraphError> {
        let mut facts = Facts::default();
        for item in self.nodes.iter() {
            let (id, properties) = item?;
            let id = String::from_utf8_lossy(&id).into_owned();
            let properties: Properties = serde_json::from_slice(&properties)?;
            facts.add_node(Node {
                label: Label::of_node_id(&id)?,
                id,
                properties: sort_sets(properties),
            });
        }
        for item in self.edges.iter() {
            let (key, properties) = item?;
            let (from, kind, to) = split_key(&key)?;
            let properties = serde_json::from_slice(&properties)?;
            facts.add_edge(Edge {
                kind,
                from,
                to,
                properties,
            });
        }
        Ok(facts)
    }

    pub(super) fn count_by_kind(&self) -> Result<GraphStats, GraphError> {
        let mut labels = Vec::new();
        for id in self.nodes.iter().keys() {
            labels.push(Label::of_node_id(&String::from_utf8_lossy(&id?))?.name());
        }
        let mut kinds = Vec::new();
        for key in self.edges.iter().keys() {
            kinds.push(split_key(&key?)?.1.name());
        }
        Ok(GraphStats {
            nodes: count_names(labels.into_iter()),
            edges: count_names(kinds.into_iter()),
        })
    }

    pub(super) fn list_nodes(&self, label: Label, limit: usize) -> Result<Vec<Node>, GraphError> {
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

    pub(super) fn clear_all(&self) -> Result<(), GraphError> {
        self.back.clear()?;
        self.edges.clear()?;
        self.nodes.clear()?;
        self.db.flush()?;
        Ok(())
    }
}

/// Whether a trail has come over the edge that leads to `far` before.
fn passed_before(gone: &[WalkStep], trail: &[String], step: WalkStep, far: &str) -> bool {
    let Some(near) = trail.last() else { return false };
    let edge = |way, near, far| match way {
        Way::Out => (near, far),
        Way::In => (far, near),
    };
    let next = edge(step.way, near.as_str(), far);
    let ends = trail.iter().zip(trail.iter().skip(1));
    gone.iter()
        .zip(ends)
        .any(|(past, (a, b))| past.relation == step.relation && edge(past.way, a.as_str(), b.as_str()) == next)
}

fn is_locked_by_other(error: &sled::Error) -> bool {
    match error {
        sled::Error::Io(error) => {
            error.kind() == std::io::ErrorKind::WouldBlock || error.to_string().contains("could not acquire lock")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path) -> Result<Trees, GraphError> {
        Trees::open(folder, Duration::from_secs(1)).map(|(trees, _)| trees)
    }

    fn set_version(folder: &Path, version: u32) {
        let trees = open(folder).unwrap();
        trees.db.insert(VERSION_KEY, version.to_be_bytes().as_slice()).unwrap();
        trees.db.flush().unwrap();
    }

    fn one_node() -> Facts {
        let mut facts = Facts::default();
        facts.add_node(Node::new(Label::Relation, "relation:1"));
        facts
    }

    #[test]
    fn an_earlier_version_is_read_as_it_is_and_a_write_raises_it() {
        let folder = tempfile::tempdir().unwrap();
        set_version(folder.path(), 1);
        let version = |trees: &Trees| trees.db.get(VERSION_KEY).unwrap().unwrap().to_vec();
        let trees = open(folder.path()).unwrap();
        assert!(trees.list_nodes(Label::Relation, 9).unwrap().is_empty());
        assert_eq!(version(&trees), 1u32.to_be_bytes());
        trees.merge_facts(one_node()).unwrap();
        assert_eq!(version(&trees), VERSION.to_be_bytes());
        assert_eq!(trees.list_nodes(Label::Relation, 9).unwrap().len(), 1);
    }

    #[test]
    fn a_later_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        set_version(folder.path(), VERSION + 1);
        let error = open(folder.path()).err().unwrap();
        assert!(matches!(error, GraphError::Version { found: 3, .. }), "{error}");
    }
}
