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

pub use self::raw::RawRecords;
use self::{cypher::Statement, fault::convert_driver_error};
use super::{
    Edge, EdgeKind, Facts, GraphError, GraphStats, GraphStore, Label, Node, Properties, Trail, Walk,
    facts::sort_sets,
    walk::{compare_trails, order_value},
};
use crate::failpoint;

/// Where the server is, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct Neo4jOptions {
    /// Such as `bolt://127.0.0.1:7687`; `bolt+s` and `neo4j+s` for TLS.
    pub uri: String,
    /// The user's name on the server.
    pub user: String,
    /// The user's password on the server.
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
        // The driver takes whichever there is, and panics without one. Fails where there is one already, which is as
        // good.
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
        let failed = |error: Error| convert_driver_error(&options.uri, &error).0;
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
    /// [`GraphError::Away`] when it does not answer in time; [`GraphError::Refused`], with what to do, for a wrong
    /// address, password or database.
    pub async fn connect(options: Neo4jOptions) -> Result<Self, GraphError> {
        let graph = Self::new(options)?;
        graph.0.connected().await?;
        Ok(graph)
    }
}

impl Inner {
    /// Uniqueness of ids, which is also their index, before anything else.
    async fn connected(&self) -> Result<&neo4rs::Graph, GraphError> {
        let prepare = async || {
            for constraint in cypher::uniqueness_constraints() {
                self.exchange_in_time(self.graph.run(Query::new(constraint)))
                    .await
                    .map_err(|(error, _)| error)?;
            }
            Ok::<(), GraphError>(())
        };
        self.prepared.get_or_try_init(prepare).await?;
        Ok(&self.graph)
    }

    /// One exchange, within its time. With the error comes whether it is worth another try.
    async fn exchange_in_time<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, (GraphError, bool)> {
        match timeout(self.options.timeout, work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(convert_driver_error(&self.options.uri, &error)),
            Err(_) => Err((self.server_away("no answer in time"), true)),
        }
    }

    fn server_away(&self, reason: &str) -> GraphError {
        GraphError::Away {
            address: self.options.uri.clone(),
            reason: reason.to_owned(),
        }
    }

    /// Does statements in one transaction.
    async fn run_transaction(&self, statements: &[Statement]) -> Result<(), (GraphError, bool)> {
        let graph = self.connected().await.map_err(|error| {
            let again = matches!(error, GraphError::Away { .. });
            (error, again)
        })?;
        let mut transaction = self.exchange_in_time(graph.start_txn()).await?;
        for statement in statements {
            failpoint::crash("graph.transaction.statement", "");
            self.exchange_in_time(transaction.run(statement.to_query())).await?;
        }
        failpoint::crash("graph.transaction.before", "");
        self.exchange_in_time(transaction.commit()).await?;
        failpoint::crash("graph.transaction.after", "");
        Ok(())
    }

    /// The same, from its beginning again for as long as the server only puts it off.
    async fn write_with_retries(&self, statements: &[Statement]) -> Result<(), GraphError> {
        let until = Instant::now() + self.options.patience;
        let [mut pause, longest] = PAUSES;
        loop {
            match self.run_transaction(statements).await {
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

    async fn merge_facts(&self, facts: Facts) -> Result<(), GraphError> {
        let statements = cypher::merge_statements(facts.merge_duplicates()?, self.options.batch.max(1))?;
        for together in statements.chunks(STATEMENTS) {
            self.write_with_retries(together).await?;
        }
        Ok(())
    }

    /// The rows of a read, each as `read` takes it.
    async fn read_rows<T>(
        &self,
        query: impl Into<Query>,
        read: impl Fn(&neo4rs::Row) -> Result<T, neo4rs::DeError>,
    ) -> Result<Vec<T>, GraphError> {
        let graph = self.connected().await?;
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
            Ok(rows) => rows.map_err(|error: Error| convert_driver_error(&self.options.uri, &error).0),
            Err(_) => Err(self.server_away("no answer in time")),
        }
    }

    async fn walk_trails(&self, walk: Walk) -> Result<Vec<Trail>, GraphError> {
        let labels: Vec<Label> = match walk.steps.is_empty() {
            true => Vec::new(),
            false => walk.steps.iter().map(|step| step.to).collect(),
        };
        let mut starts: BTreeMap<Label, Vec<String>> = BTreeMap::new();
        for id in &walk.from {
            starts.entry(Label::of_node_id(id)?).or_default().push(id.clone());
        }
        let mut trails: Vec<Trail> = Vec::new();
        for (start, ids) in starts {
            let labels = if labels.is_empty() { vec![start] } else { labels.clone() };
            let found = self.read_rows(cypher::walk_query(&walk, start, ids), |row| {
                let nodes = labels.iter().enumerate();
                let nodes = nodes.map(|(at, label)| Ok(node_from_row(*label, row.get(&format!("p{at}"))?)));
                nodes.collect::<Result<Trail, neo4rs::DeError>>()
            });
            trails.extend(found.await?);
        }
        trails.sort_by(|a, b| {
            let values = (order_value(walk.order, a), order_value(walk.order, b));
            compare_trails(values, ids_of(a), ids_of(b))
        });
        trails.truncate(walk.limit);
        Ok(trails)
    }

    async fn edges_around(&self, ids: Vec<String>, limit: usize) -> Result<Vec<Edge>, GraphError> {
        let mut starts: BTreeMap<Label, Vec<String>> = BTreeMap::new();
        for id in ids {
            starts.entry(Label::of_node_id(&id)?).or_default().push(id);
        }
        let mut edges = Vec::new();
        for (start, ids) in starts {
            let room = limit.saturating_sub(edges.len());
            let found = self.read_rows(cypher::edges_around_query(start, ids, room), edge_from_row);
            edges.extend(found.await?.into_iter().flatten());
        }
        Ok(edges)
    }

    async fn list_nodes(&self, label: Label, limit: usize) -> Result<Vec<Node>, GraphError> {
        let found = self.read_rows(cypher::list_nodes_query(label, limit), |row| {
            Ok(node_from_row(label, row.get("properties")?))
        });
        found.await
    }

    async fn count_by_kind(&self) -> Result<GraphStats, GraphError> {
        let nodes = Label::ALL.map(|label| {
            let (name, ours) = (label.name(), cypher::has_our_id("n", label));
            (name, format!("MATCH (n:{name}) WHERE {ours} RETURN count(n) AS n"))
        });
        let edges = EdgeKind::ALL.map(|kind| {
            let name = kind.name();
            (name, format!("MATCH ()-[r:{name}]->() RETURN count(r) AS n"))
        });
        Ok(GraphStats {
            nodes: self.run_counts(nodes).await?,
            edges: self.run_counts(edges).await?,
        })
    }

    async fn run_counts(
        &self,
        queries: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Vec<(String, u64)>, GraphError> {
        let mut counts = Vec::new();
        for (name, query) in queries {
            let found: Vec<i64> = self.read_rows(Query::new(query), |row| row.get("n")).await?;
            match found.first() {
                Some(&n) if n > 0 => counts.push((name.to_owned(), n.unsigned_abs())),
                _ => {}
            }
        }
        counts.sort();
        Ok(counts)
    }

    async fn clear_all(&self) -> Result<(), GraphError> {
        for label in Label::ALL {
            let ours = cypher::has_our_id("n", label);
            let count = format!("MATCH (n:{}) WHERE {ours} RETURN count(n) AS n", label.name());
            loop {
                let left: Vec<i64> = self.read_rows(Query::new(count.clone()), |row| row.get("n")).await?;
                if left.first().is_none_or(|left| *left == 0) {
                    break;
                }
                let remove = format!(
                    "MATCH (n:{}) WHERE {ours} WITH n LIMIT {REMOVED_AT_ONCE} DETACH DELETE n",
                    label.name()
                );
                self.write_with_retries(&[Statement::new(remove)]).await?;
            }
        }
        Ok(())
    }

    async fn dump_facts(&self) -> Result<Facts, GraphError> {
        let mut facts = Facts::default();
        for label in Label::ALL {
            let found = self.read_rows(cypher::all_nodes_query(label), |row| {
                Ok(node_from_row(label, row.get("properties")?))
            });
            facts.nodes.extend(found.await?);
        }
        for kind in EdgeKind::ALL {
            let found = self.read_rows(cypher::all_edges_query(kind), edge_from_row).await?;
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

fn node_from_row(label: Label, mut properties: Properties) -> Node {
    let id = match properties.remove("id") {
        Some(serde_json::Value::String(id)) => id,
        _ => String::new(),
    };
    Node {
        label,
        id,
        properties: sort_sets(properties),
    }
}

/// An edge; none where it is of a type that is not ours, or between others' nodes.
fn edge_from_row(row: &neo4rs::Row) -> Result<Option<Edge>, neo4rs::DeError> {
    let kind: String = row.get("kind")?;
    let ends: (Option<String>, Option<String>) = (row.get("from")?, row.get("to")?);
    let (Some(kind), (Some(from), Some(to))) = (EdgeKind::of(&kind), ends) else {
        return Ok(None);
    };
    if Label::of_node_id(&from).is_err() || Label::of_node_id(&to).is_err() {
        return Ok(None);
    }
    Ok(Some(Edge {
        kind,
        from,
        to,
        properties: sort_sets(row.get("properties")?),
    }))
}

impl GraphStore for Neo4jGraph {
    fn merge(&self, facts: Facts) -> BoxFuture<'static, Result<(), GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.merge_facts(facts).await }.boxed()
    }

    fn walk(&self, walk: Walk) -> BoxFuture<'static, Result<Vec<Trail>, GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.walk_trails(walk).await }.boxed()
    }

    fn around(&self, ids: Vec<String>, limit: usize) -> BoxFuture<'static, Result<Vec<Edge>, GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.edges_around(ids, limit).await }.boxed()
    }

    fn list(&self, label: Label, limit: usize) -> BoxFuture<'static, Result<Vec<Node>, GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.list_nodes(label, limit).await }.boxed()
    }

    fn stats(&self) -> BoxFuture<'static, Result<GraphStats, GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.count_by_kind().await }.boxed()
    }

    fn dump(&self) -> BoxFuture<'static, Result<Facts, GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.dump_facts().await }.boxed()
    }

    fn clear(&self) -> BoxFuture<'static, Result<(), GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.clear_all().await }.boxed()
    }
}
