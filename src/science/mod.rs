//! The vocabulary of the research: what is asked, planned, tested and found.
//!
//! Plain data with no behaviour beyond derived ids; every part of the lab speaks in these types.

mod agents;
mod arm;
mod branch;
mod budget;
mod caveat;
mod claim;
mod closed_set;
mod codebook;
mod column_fault;
mod cycle;
mod data_source;
mod dataset;
mod description;
mod experiment;
mod family;
mod figure;
mod findings;
mod hypothesis;
mod id;
mod ledger;
mod ledger_event;
mod profile;
mod protocol;
mod remark;
mod research;
mod run_budget;
mod sketch;
mod status;
mod test_result;
mod test_status;
mod tier;
mod wording;

pub use agents::agent;
pub use arm::Arm;
pub use branch::Branch;
pub use budget::BudgetName;
pub use caveat::Caveat;
pub use column_fault::{ColumnFault, FEWEST_VALUES, list_names};
pub use cycle::CycleSummary;
pub use data_source::{DataFormat, DataSource};
pub use dataset::DatasetRecord;
pub use description::{DescribedDependence, DescribedFigure, DescriptionRecord};
pub use experiment::{ArtefactRecord, ExperimentRecord, ExperimentState};
pub use family::FamilyRecord;
pub use figure::FigureRecord;
pub use findings::{
    AnalysisRecord, FindingEvidence, Findings, GroupValue, PartResult, ReportedTest, RowsDropped, RowsUsed,
    ShuffledNull, TestRecord, Untested, list_vetoes,
};
pub use hypothesis::{CustomProtocol, Hypothesis, HypothesisKind, Part, Scores, kind};
pub use id::{ClaimId, ExperimentId, HypothesisId, RunId, sha256_hex};
pub use ledger::LedgerLine;
pub use ledger_event::LedgerEvent;
pub use profile::{
    CensoringLimits, Column, CountColumns, DerivedColumn, DerivedKind, Identity, IdentityKind, Level, MissingCode,
    PairedColumns, Profile, Role, SurvivalColumns, TableProblem, Tautology, UnreadCells, UnreadText,
};
pub use protocol::{InputFile, InputPlace, Protocol, Template, template};
pub use remark::ModelRemark;
pub use research::Research;
pub use run_budget::RunBudget;
pub use sketch::estimate_shared_rows;
pub use status::{EndReason, RunEnd, RunStatus};
pub use test_result::{
    Adjusted, Assumption, Calibration, Detectable, Effect, EffectInUnits, GroupContrast, PartEstimate, ScriptResult,
    ShuffledCopy, Stratum, TestResult, UnitsEffect, Variant,
};
pub use test_status::TestStatus;
pub use tier::Tier;
pub use wording::Wording;
