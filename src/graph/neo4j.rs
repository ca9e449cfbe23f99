//! The graph in Neo4j, or another server that speaks Bolt and Cypher.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use neo4rs::{BoltList, BoltMap, BoltType, ConfigBuilder, Error, Neo4jErrorKind, Query};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Edge, Facts, GraphError, GraphStats, GraphStore, Label, Node, Relation};

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
    /// Nodes or edges of one transaction.
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
}

/// Waits between tries of a write.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(2)];

/// Connections at once.
const CONNECTIONS: usize = 8;

/// Rows of a read that come at once.
const FETCH: usize = 1000;

impl Neo4jGraph {
    /// The graph on that server, whose constraints are made where they are missing.
    ///
    /// # Errors
    /// [`GraphError::Away`] when it does not answer in time; [`GraphError::Refused`], with what to do, for a wrong address,
    /// password or database.
    pub async fn connect(options: Neo4jOptions) -> Result<Self, GraphError> {
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
        let connected = Self(Arc::new(Inner { graph, options }));
        connected.0.prepare().await?;
        Ok(connected)
    }
}

impl Inner {
    /// Uniqueness of ids, which is also their index.
    async fn prepare(&self) -> Result<(), GraphError> {
        for name in Label::ALL.map(Label::name) {
            let key = name.to_lowercase();
            let constraint =
                format!("CREATE CONSTRAINT kosmos_{key}_id IF NOT EXISTS FOR (n:{name}) REQUIRE n.id IS UNIQUE");
            let made = self.exchange(self.graph.run(Query::new(constraint))).await;
            made.map_err(|(error, _)| error)?;
        }
        Ok(())
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

    /// Writes rows in one transaction, from its beginning again for as long as the server only puts it off.
    async fn write(&self, cypher: &str, rows: Vec<BoltType>) -> Result<(), GraphError> {
        let until = Instant::now() + self.options.patience;
        let [mut pause, longest] = PAUSES;
        let query = Query::new(cypher.to_owned()).param("rows", BoltType::List(BoltList { value: rows }));
        loop {
            let transaction = async {
                let mut transaction = self.graph.start_txn().await?;
                transaction.run(query.clone()).await?;
                transaction.commit().await
            };
            match self.exchange(transaction).await {
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
        facts.check()?;
        let mut nodes: BTreeMap<Label, Vec<BoltType>> = BTreeMap::new();
        for node in facts.nodes {
            let row = row([
                ("id", node.id.as_str().into()),
                ("properties", bolt(&node.id, node.properties)?),
            ]);
            nodes.entry(node.label).or_default().push(row);
        }
        let mut edges: BTreeMap<(Label, Relation, Label), Vec<BoltType>> = BTreeMap::new();
        for edge in facts.edges {
            let key = (Label::of(&edge.from)?, edge.kind, Label::of(&edge.to)?);
            let row = row([
                ("from", edge.from.as_str().into()),
                ("to", edge.to.as_str().into()),
                ("properties", bolt(&edge.from, edge.properties)?),
            ]);
            edges.entry(key).or_default().push(row);
        }
        // Labels and types are words of ours; what comes from outside is a parameter, never text of a query.
        for (label, rows) in nodes {
            let cypher = format!(
                "UNWIND $rows AS row MERGE (n:{} {{id: row.id}}) SET n += row.properties",
                label.name()
            );
            self.write_all(&cypher, rows).await?;
        }
        for ((from, kind, to), rows) in edges {
            let cypher = format!(
                "UNWIND $rows AS row MERGE (a:{} {{id: row.from}}) MERGE (b:{} {{id: row.to}}) \
                 MERGE (a)-[r:{}]->(b) SET r += row.properties",
                from.name(),
                to.name(),
                kind.name()
            );
            self.write_all(&cypher, rows).await?;
        }
        Ok(())
    }

    async fn write_all(&self, cypher: &str, rows: Vec<BoltType>) -> Result<(), GraphError> {
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let batch = rows.by_ref().take(self.options.batch.max(1)).collect();
            self.write(cypher, batch).await?;
        }
        Ok(())
    }

    /// The rows of a read, each as `read` takes it.
    async fn read<T>(
        &self,
        cypher: String,
        read: impl Fn(&neo4rs::Row) -> Result<T, neo4rs::DeError>,
    ) -> Result<Vec<T>, GraphError> {
        let until = Instant::now() + self.options.timeout;
        let rows = async {
            let mut stream = self.graph.execute_read(Query::new(cypher)).await?;
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

    async fn counts(&self, cypher: impl Fn(&str) -> String, names: Vec<&'static str>) -> Result<Counts, GraphError> {
        let mut counts = Vec::new();
        for name in names {
            let found: Vec<i64> = self.read(cypher(name), |row| row.get("n")).await?;
            match found.first() {
                Some(&n) if n > 0 => counts.push((name.to_owned(), n.unsigned_abs())),
                _ => {}
            }
        }
        counts.sort();
        Ok(counts)
    }

    async fn stats(&self) -> Result<GraphStats, GraphError> {
        let nodes = |name: &str| format!("MATCH (n:{name}) RETURN count(n) AS n");
        let edges = |name: &str| format!("MATCH ()-[r:{name}]->() RETURN count(r) AS n");
        Ok(GraphStats {
            nodes: self.counts(nodes, Label::ALL.map(Label::name).to_vec()).await?,
            edges: self.counts(edges, Relation::ALL.map(Relation::name).to_vec()).await?,
        })
    }

    async fn clear(&self) -> Result<(), GraphError> {
        for label in Label::ALL.map(Label::name) {
            loop {
                let left: Vec<i64> = self
                    .read(format!("MATCH (n:{label}) RETURN count(n) AS n"), |row| row.get("n"))
                    .await?;
                if left.first().is_none_or(|left| *left == 0) {
                    break;
                }
                let remove = format!("MATCH (n:{label}) WITH n LIMIT {REMOVED_AT_ONCE} DETACH DELETE n");
                self.write(&remove, Vec::new()).await?;
            }
        }
        Ok(())
    }

    async fn dump(&self) -> Result<Facts, GraphError> {
        let mut facts = Facts::default();
        for label in Label::ALL {
            let cypher = format!(
                "MATCH (n:{}) RETURN n.id AS id, properties(n) AS properties",
                label.name()
            );
            let found = self.read(cypher, |row| {
                let mut properties: Map<String, Value> = row.get("properties")?;
                properties.remove("id");
                Ok(Node {
                    label,
                    id: row.get("id")?,
                    properties,
                })
            });
            facts.nodes.extend(found.await?);
        }
        for kind in Relation::ALL {
            let cypher = format!(
                "MATCH (a)-[r:{}]->(b) RETURN a.id AS from, b.id AS to, properties(r) AS properties",
                kind.name()
            );
            let found = self.read(cypher, |row| {
                Ok(Edge {
                    kind,
                    from: row.get("from")?,
                    to: row.get("to")?,
                    properties: row.get("properties")?,
                })
            });
            facts.edges.extend(found.await?);
        }
        facts.nodes.sort_by(|a, b| a.id.cmp(&b.id));
        facts
            .edges
            .sort_by(|a, b| (&a.from, a.kind.name(), &a.to).cmp(&(&b.from, b.kind.name(), &b.to)));
        Ok(facts)
    }
}

/// Nodes that one transaction removes.
const REMOVED_AT_ONCE: usize = 1000;

type Counts = Vec<(String, u64)>;

impl GraphStore for Neo4jGraph {
    fn merge(&self, facts: Facts) -> BoxFuture<'static, Result<(), GraphError>> {
        let inner = Arc::clone(&self.0);
        async move { inner.merge(facts).await }.boxed()
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

fn row<const N: usize>(fields: [(&str, BoltType); N]) -> BoltType {
    let mut map = BoltMap::new();
    for (name, value) in fields {
        map.put(name.into(), value);
    }
    BoltType::Map(map)
}

/// The properties of what has that id, as the server takes them.
fn bolt(id: &str, properties: Map<String, Value>) -> Result<BoltType, GraphError> {
    let mut map = BoltMap::new();
    for (name, value) in properties {
        let value = BoltType::try_from(value).map_err(|_| GraphError::Property {
            id: id.to_owned(),
            name: name.clone(),
        })?;
        map.put(name.as_str().into(), value);
    }
    Ok(BoltType::Map(map))
}

/// An error of the driver as ours, and whether another try may do better.
fn fault(address: &str, error: &Error) -> (GraphError, bool) {
    let address = address.to_owned();
    let refused = |reason: String, remedy| {
        let error = GraphError::Refused {
            address: address.clone(),
            reason,
            remedy,
        };
        (error, false)
    };
    match error {
        Error::AuthenticationError(reason) => refused(reason.clone(), CREDENTIALS),
        Error::UrlParseError(_) | Error::UnsupportedScheme(_) | Error::InvalidDnsName(_) | Error::InvalidConfig => {
            refused(error.to_string(), "name one such as bolt://127.0.0.1:7687")
        }
        Error::ProtocolMismatch(_) | Error::UnsupportedVersion(..) => {
            refused(error.to_string(), "name its Bolt port, usually 7687")
        }
        Error::Neo4j(told) => {
            let code = told.code();
            match told.kind() {
                // A MERGE that loses to another is not wrong, only late; ArcadeDB tells of it at the commit.
                Neo4jErrorKind::Transient => (away(address, error), true),
                _ if code.contains("ConstraintValidationFailed") || code.contains("Transaction") => {
                    (away(address, error), true)
                }
                _ if code.contains("Security") => refused(error.to_string(), CREDENTIALS),
                _ if code.contains("DatabaseNotFound") || code.contains("Database.") => {
                    refused(error.to_string(), "name a database that the server has")
                }
                _ => refused(error.to_string(), "this is what it said of our query; please report it"),
            }
        }
        Error::ConversionError | Error::DeserializationError(_) | Error::UnknownType(_) => refused(
            error.to_string(),
            "something other than Kosmos may have written to this graph",
        ),
        // The connection failed or broke.
        _ => (away(address, error), true),
    }
}

const CREDENTIALS: &str = "check the user and the password";

fn away(address: String, error: &Error) -> GraphError {
    GraphError::Away {
        address,
        reason: error.to_string(),
    }
}
