//! Helpers that the tests of several binaries share. Nothing here knows the types of Kosmos: the binary is started, and
//! servers are stood in for.
//!
//! | module | what it has |
//! |---|---|
//! | `binary` | where the `kosmos` binary and the files of the repository are |
//! | `home` | a home in a temporary folder, and the binary run in it |
//! | `shell` | the binary run with no variables but those that a test sets |
//! | `run_folder` | reading the folder of a run |
//! | `schema` | the published schemas of the files that a run leaves |
//! | `table` | a small table with one clear relation |
//! | `service` | services that `tests/run` starts, and skipping a test without them |
//! | `sample` | the share of an expensive test that the default tier does |
//! | `fixture` | what takes long to make, made once for all tests of a run |
//! | `inner` | running one ignored test in another process |
//! | `wait` | polling for a condition |
//! | `model_server` | a scripted endpoint of a language model |
//! | `model_proxy` | a go-between before a real endpoint |
//! | `bolt_server` | the graph database of the tests |
//! | `bolt_proxy` | a bad network before it |

mod binary;
pub mod bolt_proxy;
pub mod bolt_server;
pub mod fixture;
mod home;
pub mod inner;
pub mod model_proxy;
pub mod model_server;
mod run_folder;
pub mod sample;
pub mod schema;
pub mod service;
mod shell;
mod table;
mod wait;

pub use self::{
    binary::{kosmos_binary, repository_path},
    home::TestHome,
    run_folder::{added_by_agents, find_test, read_findings, read_findings_text, read_report, run_id},
    shell::{ShellOutcome, TestShell},
    table::small_table,
    wait::{copy_tree, describe_output, poll_until},
};
