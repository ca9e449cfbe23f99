//! The graph in a sled database of its own.

use std::{path::Path, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use serde::{Serialize, de::DeserializeOwned};

use super::{Edge, Facts, GraphError, GraphStats, GraphStore, Label, Node};

/// Nodes by id, edges by (from, type, to).
#[derive(Clone)]
pub struct EmbeddedGraph {
    trees: Arc<Trees>,
}

struct Trees {
    db: sled::Db,
    nodes: sled::Tree,
    edges: sled::Tree,
}

impl EmbeddedGraph {
    /// Opens or makes the graph in `folder`.
    ///
    /// # Errors
    /// When the folder cannot be written or another process has it.
    pub fn open(folder: &Path) -> Result<Self, GraphError> {
        let db = sled::Config::new()
            .path(folder)
            .cache_capacity(16 * 1024 * 1024)
            .flush_every_ms(None)
            .open()?;
        let (nodes, edges) = (db.open_tree("nodes")?, db.open_tree("edges")?);
        Ok(Self {
            trees: Arc::new(Trees { db, nodes, edges }),
        })
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Trees) -> Result<T, GraphError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, GraphError>> {
        let trees = Arc::clone(&self.trees);
        async move {
            tokio::task::spawn_blocking(move || work(&trees))
                .await
                .unwrap_or(Err(GraphError::Interrupted))
        }
        .boxed()
    }
}

impl GraphStore for EmbeddedGraph {
    fn merge(&self, facts: Facts) -> BoxFuture<'static, Result<(), GraphError>> {
        self.blocking(move |trees| {
            facts.check()?;
            for node in facts.nodes {
                let key = node.id.clone();
                merge(&trees.nodes, key.as_bytes(), node, |old: &mut Node, new| {
                    old.properties.extend(new.properties)
                })?;
            }
            for edge in facts.edges {
                for end in [&edge.from, &edge.to] {
                    if !trees.nodes.contains_key(end)? {
                        let label = Label::of(end)?;
                        trees.nodes.insert(end, serde_json::to_vec(&Node::new(label, end))?)?;
                    }
                }
                let key = [edge.from.as_str(), edge.kind.name(), edge.to.as_str()].join("\0");
                merge(&trees.edges, key.as_bytes(), edge, |old: &mut Edge, new| {
                    old.properties.extend(new.properties)
                })?;
            }
            trees.db.flush()?;
            Ok(())
        })
    }

    fn stats(&self) -> BoxFuture<'static, Result<GraphStats, GraphError>> {
        self.blocking(|trees| {
            let nodes = count(all::<Node>(&trees.nodes)?.into_iter().map(|node| node.label.name()));
            let edges = count(all::<Edge>(&trees.edges)?.into_iter().map(|edge| edge.kind.name()));
            Ok(GraphStats { nodes, edges })
        })
    }

    fn dump(&self) -> BoxFuture<'static, Result<Facts, GraphError>> {
        self.blocking(|trees| {
            Ok(Facts {
                nodes: all(&trees.nodes)?,
                edges: all(&trees.edges)?,
            })
        })
    }

    fn clear(&self) -> BoxFuture<'static, Result<(), GraphError>> {
        self.blocking(|trees| {
            trees.edges.clear()?;
            trees.nodes.clear()?;
            trees.db.flush()?;
            Ok(())
        })
    }
}

fn merge<T: Serialize + DeserializeOwned>(
    tree: &sled::Tree,
    key: &[u8],
    new: T,
    update: impl FnOnce(&mut T, T),
) -> Result<(), GraphError> {
    let merged = match tree.get(key)? {
        Some(bytes) => {
            let mut old = serde_json::from_slice(&bytes)?;
            update(&mut old, new);
            old
        }
        None => new,
    };
    tree.insert(key, serde_json::to_vec(&merged)?)?;
    Ok(())
}

fn all<T: DeserializeOwned>(tree: &sled::Tree) -> Result<Vec<T>, GraphError> {
    tree.iter().map(|item| Ok(serde_json::from_slice(&item?.1)?)).collect()
}

fn count(names: impl Iterator<Item = &'static str>) -> Vec<(String, u64)> {
    let mut counts = std::collections::BTreeMap::new();
    for name in names {
        *counts.entry(name.to_owned()).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}
