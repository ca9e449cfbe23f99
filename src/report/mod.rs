//! The report: what a person reads at the end, every number of it with its evidence.

mod dossier;

pub use dossier::{
    BudgetLine, CycleSummary, DatasetRecord, DeadLetter, Dossier, FamilyRecord, FigureRecord, LedgerLine, Method,
    RestartRecord,
};
