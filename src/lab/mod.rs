//! The lab: a run from its folder to its report.
//!
//! | module | holds |
//! |---|---|
//! | `prepare`, `preflight` | the checks before a run has a folder |
//! | `folder` | the folders of runs: made, found, listed, removed |
//! | `plan` | the director's plan, from the settings |
//! | `parts` | tables that are folders or patterns, packed into one file |
//! | `codebook` | codebooks read, and lists of codes among the tables |
//! | `describe` | tables read without a run |
//! | `options` | settings as the options of the components below |
//! | `backends`, `site`, `graph` | what agents work with: models, the sandbox, the knowledge graph |
//! | `work` | a run: begin, supervise, finish |
//! | `watch` | progress events for a display |
//! | `engine` | runs for programs that use Kosmos as a library |
//! | `dossier` | the data that the report is made from |
//! | `replay`, `verify` | a run compared with its repetition, and with its evidence |
//! | `fork` | a run that branches off another |
//! | `tables` | the user's tables that a run read |
//! | `trust` | whose a run is, and what a run from elsewhere may do |
//! | `archive`, `prune`, `repair` | runs taken to another machine, removed, repaired |
//! | `run_version` | the version of Kosmos that a run is reported by |
//! | `processor` | what last digits depend on |
//! | `summary`, `tree` | the progress of a run, and of its agents |

mod archive;
mod backends;
mod codebook;
mod describe;
mod dossier;
mod engine;
mod error;
mod folder;
mod fork;
mod graph;
mod options;
mod parts;
mod plan;
mod preflight;
mod prepare;
mod processor;
mod prune;
mod repair;
mod replay;
mod run_version;
mod site;
mod summary;
mod tables;
mod tree;
mod trust;
mod verify;
mod watch;
mod work;

pub use archive::{Exported, Imported, SignatureError, Signed, Signer, export_run, import_run};
pub use backends::python_environment;
pub use codebook::CodebookError;
pub use describe::{DescribeError, DescribedTable, DescribedTables, JoinedProfile, describe_tables};
pub use dossier::gather_dossier;
pub use engine::{Engine, EngineBuilder};
pub use error::LabError;
pub use folder::{RunFolder, list_runs};
pub use fork::{Fork, ForkError};
pub use graph::{PASSWORD, deliver_run, knowledge_of, open_graph, open_graph_server};
pub use preflight::{DataFile, PreflightError, RunInputs};
pub use prepare::PreparedRun;
pub use prune::{Pruned, Retention, prune_runs};
pub use repair::drop_damaged;
pub use replay::{Differences, compare_findings, list_changed_tables};
pub use site::{Ground, Purpose, SandboxSite, report_image_step, sandbox_limits};
pub use summary::{ModelStatus, RunSummary, summarise_run};
pub use tree::{AgentState, AgentSummary};
pub use trust::{
    AgentRequest, Agreement, GraphOrigin, RunOrigin, RunRequests, TrustError, adopt_all, adopt_graph, agree_to_run,
    check_not_adopted,
};
pub use verify::{FailedCheck, TOLERANCE, Verification, verify_run};
pub use work::{Finished, Lab, render_report};
