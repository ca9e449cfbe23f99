//! The Cypher that we write. Labels, types and names of ours are words of it; what comes from outside is a parameter,
//! never text of a query.

use std::collections::BTreeMap;

use neo4rs::{BoltList, BoltMap, BoltType, Query};

use crate::graph::{EdgeKind, Facts, GraphError, Label, Properties, SETS, Walk, Way};

/// A statement with its rows.
pub(super) struct Statement {
    cypher: String,
    rows: Vec<BoltType>,
}

impl Statement {
    /// A statement without rows.
    pub(super) fn new(cypher: String) -> Self {
        let rows = Vec::new();
        Self { cypher, rows }
    }

    /// As the driver takes it.
    pub(super) fn to_query(&self) -> Query {
        let rows = BoltList {
            value: self.rows.clone(),
        };
        Query::new(self.cypher.clone()).param("rows", BoltType::List(rows))
    }
}

/// Rows of an answer, at most, where they are put in order.
const MOST_ROWS: i64 = 1_000_000;

/// Uniqueness of the ids of each label.
pub(super) fn uniqueness_constraints() -> impl Iterator<Item = String> {
    Label::ALL.into_iter().map(|label| {
        let (name, key) = (label.name(), label.name().to_lowercase());
        format!("CREATE CONSTRAINT kosmos_{key}_id IF NOT EXISTS FOR (n:{name}) REQUIRE n.id IS UNIQUE")
    })
}

/// The statements that merge facts, each of which is there once, with so many rows at most.
pub(super) fn merge_statements(facts: Facts, batch: usize) -> Result<Vec<Statement>, GraphError> {
    let mut nodes: BTreeMap<Label, Vec<BoltType>> = BTreeMap::new();
    for node in facts.nodes {
        let id = ("id", node.id.as_str().into());
        let row = bolt_row([id], &node.id, node.properties)?;
        nodes.entry(node.label).or_default().push(row);
    }
    let mut edges: BTreeMap<(Label, EdgeKind, Label), Vec<BoltType>> = BTreeMap::new();
    for edge in facts.edges {
        let key = (Label::of_node_id(&edge.from)?, edge.kind, Label::of_node_id(&edge.to)?);
        let ends = [("from", edge.from.as_str().into()), ("to", edge.to.as_str().into())];
        let row = bolt_row(ends, &edge.from, edge.properties)?;
        edges.entry(key).or_default().push(row);
    }
    let mut statements = Vec::new();
    for (label, rows) in nodes {
        let cypher = format!(
            "UNWIND $rows AS row MERGE (n:{} {{id: row.id}}) SET {}",
            label.name(),
            set_properties_clause("n")
        );
        statements.extend(split_into_batches(&cypher, rows, batch));
    }
    for ((from, kind, to), rows) in edges {
        // The ends are nodes of these facts, and there by now.
        let cypher = format!(
            "UNWIND $rows AS row MATCH (a:{} {{id: row.from}}) MATCH (b:{} {{id: row.to}}) MERGE (a)-[r:{}]->(b) SET {}",
            from.name(),
            to.name(),
            kind.name(),
            set_properties_clause("r")
        );
        statements.extend(split_into_batches(&cypher, rows, batch));
    }
    Ok(statements)
}

fn split_into_batches(cypher: &str, rows: Vec<BoltType>, batch: usize) -> Vec<Statement> {
    let statement = |rows: &[BoltType]| Statement {
        cypher: cypher.to_owned(),
        rows: rows.to_vec(),
    };
    rows.chunks(batch).map(statement).collect()
}

/// Properties replace those of their names; what a set lacks is added to it.
fn set_properties_clause(of: &str) -> String {
    let sets = SETS.map(|name| {
        format!("{of}.{name} = coalesce({of}.{name}, []) + [x IN row.{name} WHERE NOT x IN coalesce({of}.{name}, [])]")
    });
    format!("{of} += row.properties, {}", sets.join(", "))
}

fn bolt_row<const N: usize>(
    fields: [(&str, BoltType); N],
    id: &str,
    mut properties: Properties,
) -> Result<BoltType, GraphError> {
    let mut map = BoltMap::new();
    for (name, value) in fields {
        map.put(name.into(), value);
    }
    for name in SETS {
        let set = properties.remove(name).unwrap_or_else(|| Vec::<String>::new().into());
        map.put(name.into(), to_bolt(id, name, set)?);
    }
    let mut others = BoltMap::new();
    for (name, value) in properties {
        let value = to_bolt(id, &name, value)?;
        others.put(name.as_str().into(), value);
    }
    map.put("properties".into(), BoltType::Map(others));
    Ok(BoltType::Map(map))
}

fn to_bolt(id: &str, name: &str, value: serde_json::Value) -> Result<BoltType, GraphError> {
    BoltType::try_from(value).map_err(|_| GraphError::Property {
        id: id.to_owned(),
        name: name.to_owned(),
    })
}

/// A walk from nodes of one label: `p0`, `p1`, ... are the properties of the nodes of a trail.
pub(super) fn walk_query(walk: &Walk, start: Label, ids: Vec<String>) -> Query {
    let mut cypher = format!("UNWIND $ids AS start MATCH (s:{} {{id: start}})", start.name());
    let mut nodes: Vec<String> = Vec::new();
    for (at, step) in walk.steps.iter().enumerate() {
        let (left, right) = match step.way {
            Way::Out => ("-", "->"),
            Way::In => ("<-", "-"),
        };
        let (relation, to) = (step.relation.name(), step.to.name());
        cypher.push_str(&format!("{left}[:{relation}]{right}(n{at}:{to})"));
        nodes.push(format!("n{at}"));
    }
    if nodes.is_empty() {
        nodes.push("s".to_owned());
    }
    let returned: Vec<String> = nodes
        .iter()
        .enumerate()
        .map(|(at, node)| format!("properties({node}) AS p{at}"))
        .collect();
    let value = nodes
        .last()
        .zip(walk.order)
        .map(|(node, name)| format!("{node}.{name}"));
    let ids_of = nodes.iter().rev().map(|node| format!("{node}.id"));
    let order: Vec<String> = value.into_iter().chain(ids_of).collect();
    // Put in order first: servers would otherwise read all properties of all trails, and throw most away.
    cypher.push_str(&format!(
        " WITH {} ORDER BY {} LIMIT $limit RETURN {}",
        nodes.join(", "),
        order.join(", "),
        returned.join(", ")
    ));
    Query::new(cypher).param("ids", ids).param("limit", to_i64(walk.limit))
}

/// Edges of nodes of one label.
pub(super) fn edges_around_query(start: Label, ids: Vec<String>, limit: usize) -> Query {
    let cypher = format!(
        "UNWIND $ids AS start MATCH (s:{} {{id: start}})-[r]-() RETURN type(r) AS kind, startNode(r).id AS from, \
         endNode(r).id AS to, properties(r) AS properties LIMIT $limit",
        start.name()
    );
    Query::new(cypher).param("ids", ids).param("limit", to_i64(limit))
}

/// Whether a node of a label has an id of ours: others may have the label too.
pub(super) fn has_our_id(node: &str, label: Label) -> String {
    format!("{node}.id STARTS WITH '{}:'", label.name().to_lowercase())
}

/// Nodes of a label.
pub(super) fn list_nodes_query(label: Label, limit: usize) -> Query {
    let cypher = format!(
        "MATCH (n:{}) WHERE {} RETURN properties(n) AS properties ORDER BY n.id LIMIT $limit",
        label.name(),
        has_our_id("n", label)
    );
    Query::new(cypher).param("limit", to_i64(limit))
}

/// All nodes of a label.
pub(super) fn all_nodes_query(label: Label) -> Query {
    let (name, ours) = (label.name(), has_our_id("n", label));
    Query::new(format!(
        "MATCH (n:{name}) WHERE {ours} RETURN properties(n) AS properties"
    ))
}

/// Edges of a type.
pub(super) fn all_edges_query(kind: EdgeKind) -> Query {
    Query::new(format!(
        "MATCH (a)-[r:{}]->(b) RETURN type(r) AS kind, a.id AS from, b.id AS to, properties(r) AS properties",
        kind.name()
    ))
}

fn to_i64(number: usize) -> i64 {
    // Servers make room for as many when they put rows in order.
    i64::try_from(number).unwrap_or(i64::MAX).min(MOST_ROWS)
}
