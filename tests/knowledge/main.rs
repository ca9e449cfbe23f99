//! The knowledge graph in both of its stores: embedded, and on a real server that speaks Bolt.
//!
//! `tests/run` starts such a server. `NEO4J_URI`, `NEO4J_USER`, `NEO4J_PASSWORD` and `NEO4J_DATABASE` point the suite
//! at a Neo4j instead, whose database must hold nothing of Kosmos: the tests leave it as empty as they found it.
//!
//! Its exports are read by other programs: `KOSMOS_TEST_READERS`, which `tests/run` sets, names a Python that has them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod both;
mod commands;
mod exports;
mod foreign_graph;
mod home_graph;
mod imports;
mod lab;
mod projects;
mod runs;
mod samples;
mod small_graph;
mod trouble;
