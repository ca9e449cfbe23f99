//! The event of a ledger line.

use super::closed_set::closed_set;

closed_set! {
    /// The event that a line of the ledger records.
    LedgerEvent {
        /// A hypothesis was registered, before any script for it existed.
        Registered = "registered",
        /// A script was run.
        Executed = "executed",
        /// A repaired script took the place of one that failed.
        Retried = "retried",
        /// No script could be made.
        Failed = "failed",
        /// The error control gave its verdict.
        Judged = "judged",
        /// A description was made, which is not judged.
        Described = "described",
        /// It could not be judged.
        Untestable = "untestable",
    }
}
