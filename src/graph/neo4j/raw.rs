//! Cypher of the user's own.

use neo4rs::Query;
use serde_json::{Map, Value};

use super::{Neo4jGraph, fault::convert_driver_error};
use crate::graph::GraphError;

/// Rows of an answer that are kept, at most.
pub const MOST_ROWS: usize = 100_000;

/// The records of a user's own query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawRecords {
    /// Each row by the names of its columns.
    pub rows: Vec<Map<String, Value>>,
    /// True if there were more than `MOST_ROWS`.
    pub cut: bool,
}

impl Neo4jGraph {
    /// Asks the server in Cypher. Unless `writes`, whatever the query changes is taken back: it runs in a transaction
    /// that is never committed.
    ///
    /// # Errors
    /// [`GraphError::Query`] with what the server said of it; [`GraphError::Away`].
    pub async fn run_cypher(
        &self,
        cypher: &str,
        parameters: &Map<String, Value>,
        writes: bool,
    ) -> Result<RawRecords, GraphError> {
        let inner = &self.0;
        let mut query = Query::new(cypher.to_owned());
        for (name, value) in parameters {
            let value = neo4rs::BoltType::try_from(value.clone()).map_err(|_| GraphError::Query {
                reason: format!("the parameter `{name}` is of no type that the server knows"),
            })?;
            query = query.param(name, value);
        }
        let told = |error: neo4rs::Error| match &error {
            neo4rs::Error::Neo4j(said) => GraphError::Query {
                reason: format!("{}: {}", said.code(), said.message()),
            },
            _ => convert_driver_error(&inner.options.uri, &error).0,
        };
        let graph = inner.connected().await?;
        let work = async {
            let mut transaction = graph.start_txn().await.map_err(told)?;
            let mut stream = transaction.execute(query).await.map_err(told)?;
            let mut answer = RawRecords::default();
            while let Some(row) = stream.next(transaction.handle()).await.map_err(told)? {
                if answer.rows.len() >= MOST_ROWS {
                    answer.cut = true;
                    break;
                }
                answer.rows.push(row.to().map_err(|error| GraphError::Query {
                    reason: format!("a row of the answer cannot be shown: {error}"),
                })?);
            }
            match writes {
                true => transaction.commit().await.map(drop).map_err(told)?,
                false => transaction.rollback().await.map_err(told)?,
            }
            Ok(answer)
        };
        match tokio::time::timeout(inner.options.timeout, work).await {
            Ok(answer) => answer,
            Err(_) => Err(inner.server_away("no answer in time")),
        }
    }
}
