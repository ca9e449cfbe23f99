//! The graph in Neo4j, or another server that speaks Bolt and Cypher.

mod cypher;
mod fault;
mod raw;

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use neo4rs::{ConfigBuilder, Error, Query};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep, timeout, timeout_at},
};

pub use self::raw::Answer;
use self::{cypher::Statement, fault::fault};
use super::{
    Edge, Facts, GraphError, GraphStats, GraphStore, Label, Node, Properties, Relation, Trail, Walk,
    facts::united,
    walk::{in_order, value_of},
};
use crate::failpoint;

/// Where the server is, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct Neo4jOptions {
    /// Such as `bolt://127.0.0.1:7687`; `bolt+s` and `neo4j+s` for TLS.
    pub uri: String,
    #[allow(missing_docs)]
    pub user: String,
    #[allow(missing_docs)]
    pub password: SecretString,
    /// The server's own choice where none is named.
    pub database: Option<String>,
    /// Of one exchange with the server.
    pub timeout: Duration,
    /// Nodes or edges of one statement.
    pub batch: usize,
    /// How long a write that the server puts off, or loses, is tried again.
    pub patience: Duration,
}

/// A graph on a server. Cheap to clone.
#[derive(Clone)]
pub struct Neo4jGraph(Arc<Inner>);

struct Inner {
    graph: neo4rs::Graph,
    options: Neo4jOptions,
    /// Set once the constraints are there.
    prepared: OnceCell<()>,
}

/// Waits between tries of a write.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(2)];

/// Connections at once.
const CONNECTIONS: usize = 8;

/// Rows of a read that come at once.
const FETCH: usize = 1000;

/// Statements of one transaction.
const STATEMENTS: usize = 40;

/// Nodes that one transaction removes.
const REMOVED_AT_ONCE: usize = 1000;

impl Neo4jGraph {
    /// The graph on that server, which is first spoken to when it is first needed.
    ///
    /// # Errors
    /// [`GraphError::Refused`] for an address that is none.
    pub fn new(options: Neo4jOptions) -> Result<Self, GraphError> {
        // The driver takes whichever there is, and panics without one. Fails where there is one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config = ConfigBuilder::default()
            .uri(&options.uri)
            .user(&options.user)
            .password(options.password.expose_secret())
            .fetch_size(FETCH)
            .max_connections(CONNECTIONS)
            .connection_timeout(options.timeout);
        if let Some(database) = &options.database {
            config = config.db(database.as_str());
        }
        let failed = |error: Error| fault(&options.uri, &error).0;
        let graph = neo4rs::Graph::connect(config.build().map_err(failed)?).map_err(failed)?;
        Ok(Self(Arc::new(Inner {
            graph,
            options,
            prepared: OnceCell::new(),
        })))
    }

    /// The graph on that server, whose constraints are made where they are missing.
    ///
    /// # Errors
    /// [`GraphError::Away`] when it does not answer in time; [`GraphError::Refused`], with what to do, for a wrong address,
    /// password or database.
    pub async fn connect(options: Neo4jOptions) -> Result<Self, GraphError> {
        let graph = Self::new(options)?;
        graph.0.ready().await?;
        Ok(graph)
    }
}

impl Inner {
    /// Uniqueness of ids, which is also their index, before anything else.
    async fn ready(&self) -> Result<&neo4rs::Graph, GraphError> {
        let prepare = async || {
            for constraint in cypher::constraints() {
                self.exchange(self.graph.run(Query::new(constraint)))
                    .await
                    .map_err(|(error, _)| error)?;
            }
            Ok::<(), GraphError>(())
        };
        self.prepared.get_or_try_init(prepare).await?;
        Ok(&self.graph)
    }

    /// One exchange, within its time. With the error comes whether it is worth another try.
    async fn exchange<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, (GraphError, bool)> {
        match timeout(self.options.timeout, work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(fault(&self.options.uri, &error)),
            Err(_) => Err((self.away("no answer in time"), true)),
        }
    }

    fn away(&self, reason: &str) -> GraphError {
        GraphError::Away {
            address: self.options.uri.clone(),
            reason: reason.to_owned(),
        }
    }

    /// Does statements in one transaction.
    async fn transact(&self, statements: &[Statement]) -> Result<(), (GraphError, bool)> {
        let graph = self.ready().await.map_err(|error| {
            let again = matches!(error, GraphError::Away { .. });
            (error, again)
        })?;
        let mut transaction = self.exchange(graph.start_txn()).await?;
        for statement in statements {
            failpoint::crash("graph.transaction.statement", "");
            self.exchange(transaction.run(statement.query())).await?;
        }
        failpoint::crash("graph.transaction.before", "");
        self.exchange(transaction.commit()).await?;
        failpoint::crash("graph.transaction.after", "");
        Ok(())
    }

    /// The same, from its beginning again for as long as the server only puts it off.
    async fn write(&self, statements: &[Statement]) -> Result<(), GraphError> {
        let until = Instant::now() + self.options.patience;
        let [mut pause, longest] = PAUSES;
        loop {
            match self.transact(statements).await {
                Ok(()) => return Ok(()),
                Err((error, again)) if !again || Instant::now() + pause >= until => return Err(error),
                Err((error, _)) => {
                    tracing::debug!(%error, "a write to the graph is tried again");
                    sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
                    pause = (pause * 2).min(longest);
                }
            }
        }
    }

    async fn merge(&self, facts: Facts) -> Result<(), GraphError> {
        let statements = cypher::merge(facts.settled()?, self.options.batch.max(1))?;
        for together in statements.chunks(STATEMENTS) {
            self.write(together).await?;
        }
        Ok(())
    }

    /// The rows of a read, each as `read` takes it.
    async fn read<T>(
        &self,
        query: impl Into<Query>,
        read: impl Fn(&neo4rs::Row) -> Result<T, neo4rs::DeError>,
    ) -> Result<Vec<T>, GraphError> {
        let graph = self.ready().await?;
        let until = Instant::now() + self.options.timeout;
        let rows = async {
            let mut stream = graph.execute_read(query).await?;
            let mut rows = Vec::new();
            while let Some(row) = stream.next().await? {
                rows.push(read(&row)?);
            }
            Ok(rows)
        };
        match timeout_at(until, rows).await {
            Ok(rows) => rows.map_err(|error: Error| fault(&self.options.uri, &error).0),
            Err(_) => Err(self.away("no answer in time")),
        }
    }

    async fn walk(&self, walk: Walk) -> Result<Vec<Trail>, GraphError> {
        let labels: Vec<Label> = match walk.steps.is_empty() {
            true => Vec::new(),
            false => walk.steps.iter().map(|step| step.to).collect(),
        };
        let mut starts: BTreeMap<Label, Vec<String>> = BTreeMap::new();
        for id in &walk.from {
            starts.entry(Label::of(id)?).or_default().push(id.clone());
        }
        let mut trails: Vec<Trail> = Vec::new();
        for (start, ids) in starts {
            let labels = if labels.is_empty() { vec![start] } else { labels.clone() };
            let found = self.read(cypher::walk(&walk, start, ids), |row| {
                let nodes = labels.iter().enumerate();
                let nodes = nodes.map(|(at, label)| Ok(node(*label, row.get(&format!("p{at}"))?)));
                nodes.collect::<Result<Trail, neo4rs::DeError>>()
            });
            trails.extend(found.await?);
        }
        trails.sort_by(|a, b| {
            let values = (value_of(walk.order, a), value_of(walk.order, b));
            in_order(values, ids_of(a), ids_of(b))
        });
        trails.truncate(walk.limit);
        Ok(trails)
    }

    async fn around(&self, ids: Vec<String>, limit: usize) -> Result<Vec<Edge>, GraphError> {
        let mut starts: BTreeMap<Label, Vec<String>> = BTreeMap::new();
        for id in ids {
            starts.entry(Label::of(&id)?).or_default().push(id);
        }
        let mut edges = Vec::new();
        for (start, ids) in starts {
            let room = limit.saturating_sub(edges.len());
            let found = self.read(cypher::around(start, ids, room), edge);
            edges.extend(found.await?.into_iter().flatten());
        }
        Ok(edges)
    }

    async fn list(&self, label: Label, limit: usize) -> Result<Vec<Node>, GraphError> {
        let found = self.read(cypher::list(label, limit), |row| {
            Ok(node(label, row.get("properties")?))
        });
        found.await
    }

    async fn stats(&self) -> Result<GraphStats, GraphError> {
        let nodes = Label::ALL.map(|label| {
            let (name, ours) = (label.name(), cypher::is_ours("n", label));
            (name, format!("MATCH (n:{name}) WHERE {ours} RETURN count(n) AS n"))
        });
        let edges = Relation::ALL.map(|kind| {
            let name = kind.name();
            (name, format!("MATCH ()-[r:{name}]->() RETURN count(r) AS n"))
        });
        Ok(GraphStats {
            nodes: self.counts(nodes).await?,
            edges: self.counts(edges).await?,
        })
    }

    async fn counts(
        &self,
        queries: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Vec<(String, u64)>, GraphError> {
        let mut counts = Vec::new();
        for (name, query) in queries {
            let found: Vec<i64> = self.read(Query::new(query), |row| row.get("n")).await?;
            match found.first() {
                Some(&n) if n > 0 => counts.push((name.to_owned(), n.unsigned_abs())),
                _ => {}
            }
        }
        counts.sort();
        Ok(counts)
    }

    async fn clear(&self) -> Result<(), GraphError> {
        for label in Label::ALL {
            let ours = cypher::is_ours("n", label);
            let count = format!("MATCH (n:{}) WHERE {ours} RETURN count(n) AS n", label.name());
            loop {
                let left: Vec<i64> = self.read(Query::new(count.clone()), |row| row.get("n")).await?;
                if left.first().is_none_or(|left| *left == 0) {
                    break;
                }
                let remove = format!(
                    "MATCH (n:{}) WHERE {ours} WITH n LIMIT {REMOVED_AT_ONCE} DETACH DELETE n",
                    label.name()
                );
                self.write(&[Statement::new(remove)]).await?;
            }
        }
        Ok(())
    }

    async fn dump(&self) -> Result<Facts, GraphError> {
        let mut facts = Facts::default();
        for label in Label::ALL {
            let found = self.read(cypher::all(label), |row| Ok(node(label, row.get("properties")?)));
            facts.nodes.extend(found.await?);
        }
        for kind in Relation::ALL {
            let found = self.read(cypher::edges(kind), edge).await?;
            facts.edges.extend(found.into_iter().flatten());
        }
        facts.nodes.sort_by(|a, b| a.id.cmp(&b.id));
        facts
            .edges
            .sort_by(|a, b| (&a.from, a.kind.name(), &a.to).cmp(&(&b.from, b.kind.name(), &b.to)));
        Ok(facts)
    }
}

fn ids_of(trail: &Trail) -> impl DoubleEndedIterator<Item = &str> {
    trail.iter().map(|node| node.id.as_str())
}

fn node(label: Label, mut properties: Properties) -> Node {
    let id = match properties.remove("id") {
        Some(serde_json::Value::String(id)) => id,
        _ => String::new(),
    };
    Node {
        label,
        id,
        properties: united(properties),
    }
}

/// An edge; none where it is of a type that is not ours, or between others' nodes.
fn edge(row: &neo4rs::Row) -> Result<Option<Edge>, neo4rs::DeError> {
    let kind: String = row.get("kind")?;
    let ends: (Option<String>, Option<String>) = (row.get("from")?, row.get("to")?);
    let (Some(kind), (Some(from), Some(to))) = (Relation::of(&kind), ends) else {
        return Ok(None);
    };
    if Label::of(&from).is_err() || Label::of(&to).is_err() {
        return Ok(None);
    }
    Ok(Some(Edge {
        kind,
        from,
        to,
        properties: united(row.get("properties")?),
    }))
}

impl GraphStore for Neo4jGraph {
    fn merge(&self, facts: Facts) -> BoxFuture<'static, Result<(), GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.merge(facts).await }.boxed()
    }

    fn walk(&self, walk: Walk) -> BoxFuture<'static, Result<Vec<Trail>, GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.walk(walk).await }.boxed()
    }

    fn around(&self, ids: Vec<String>, limit: usize) -> BoxFuture<'static, Result<Vec<Edge>, GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.around(ids, limit).await }.boxed()
    }

    fn list(&self, label: Label, limit: usize) -> BoxFuture<'static, Result<Vec<Node>, GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.list(label, limit).await }.boxed()
    }

    fn stats(&self) -> BoxFuture<'static, Result<GraphStats, GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.stats().await }.boxed()
    }

    fn dump(&self) -> BoxFuture<'static, Result<Facts, GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.dump().await }.boxed()
    }

    fn clear(&self) -> BoxFuture<'static, Result<(), GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.clear().await }.boxed()
    }
}
