//! The ground that every other part of Kosmos stands on. It knows nothing of agents, runs or statistics.
//!
//! | module | holds |
//! |---|---|
//! | [`text`] | sizes, durations and foreign text as people read and write them |
//! | [`files`] | writing a file whole or not at all |
//! | [`disk`] | failures of the disk that holds a run |
//! | [`environment`] | the variables and the working folder of a process |
//! | [`hash`] | content hashes of bytes and files |
//! | [`id`] | ids as types: grammars, and the id of a run |
//! | [`regular_file`] | files that are no links, pipes or devices |
//! | [`removal`] | removing folders that others have filled |
//! | [`plain_path`] | names and paths that lead nowhere else, hashes |
//! | [`run_dir`] | the one handle of a run's folder |
//! | [`run_files`] | the names of the files in a run's folder |
//! | [`failpoint`] | points at which a test has the process die or the disk fail |

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]

pub mod disk;
pub mod environment;
pub mod failpoint;
pub mod files;
pub mod hash;
pub mod id;
pub mod plain_path;
pub mod regular_file;
pub mod removal;
pub mod run_dir;
pub mod run_files;
pub mod text;
