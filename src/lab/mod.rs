//! The lab: a run from its folder to its report.
//!
//! `folder` makes and finds runs, `plan` reads the settings into what the director is asked, `backends`
//! gathers what the agents work with, `site` starts the sandbox that scripts run in, `work` does the run, `engine` does runs for programs, `graph` is where runs write what they learnt, `dossier` gathers what the report is made from,
//! `replay` holds a run and its repetition against each other, `verify` a run and its evidence, `fork` branches one off another, `archive` takes a run to another machine, `prune` removes old ones, `run_version` tells by which version a run is reported, `summary` and `tree` say how far a run is and what its agents do, `watch` tells a display what happens.

mod archive;
mod backends;
mod dossier;
mod engine;
mod error;
mod folder;
mod fork;
mod graph;
mod plan;
mod prune;
mod replay;
mod run_version;
mod site;
mod summary;
mod tree;
mod verify;
mod watch;
mod work;

pub use archive::{Exported, export, import};
pub use backends::python_environment;
pub use dossier::dossier;
pub use engine::{Engine, EngineBuilder};
pub use error::LabError;
pub use folder::{RunFolder, list_runs};
pub use fork::{Fork, ForkError};
pub use graph::{PASSWORD, deliver, graph, graph_server, knowledge_of};
pub use prune::{Pruned, Retention, prune};
pub use replay::{Differences, changed_since, differences};
pub use site::{Ground, Purpose, Site, image_step, limits};
pub use summary::{ModelStatus, RunSummary, summary};
pub use tree::{AgentState, AgentSummary};
pub use verify::{Problem, TOLERANCE, Verification, verify};
pub use work::{Finished, Lab, drop_damaged, render};
