//! Why a report is refused.

use std::path::PathBuf;

/// A report that cannot be written, with the number or name at fault and its place in the report.
///
/// Every arm but [`ReportError::Io`] means that the run's folder and its journal disagree: nothing is written then,
/// because the report would say what no artefact bears out.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Prose holds a digit, so that a figure would be shown without a citation.
    #[error("digit in prose, in \"{place}\": {text:?} (a figure must be a cited number)")]
    DigitInProse {
        /// The heading above it.
        place: String,
        /// The prose at fault.
        text: String,
    },
    /// A name holds digits and is not a string of the run's record.
    #[error("name with digits that the run's record does not hold, in \"{place}\": {name:?}")]
    UnknownName {
        /// The heading above it.
        place: String,
        /// The name at fault.
        name: String,
    },
    /// The cited place holds another number.
    #[error("number without evidence, in \"{place}\": shown {shown}, but {cited} holds {found}")]
    NumberDiffers {
        /// The heading above it.
        place: String,
        /// The number that was to be shown, unrounded.
        shown: String,
        /// File and place in it.
        cited: String,
        /// The content that is there.
        found: String,
    },
    /// The cited place holds no number.
    #[error("number without evidence, in \"{place}\": shown {shown}, but {cited} holds no number")]
    NoNumber {
        /// The heading above it.
        place: String,
        /// The number that was to be shown, unrounded.
        shown: String,
        /// File and place in it.
        cited: String,
    },
    /// An experiment is cited that the run does not list, or that left no result.
    #[error("experiment {experiment} is cited in \"{place}\" and has no result in the run's record")]
    UnknownExperiment {
        /// The heading above it.
        place: String,
        /// The experiment.
        experiment: String,
    },
    /// A cited file is not there.
    #[error("{} is cited in \"{place}\" and cannot be read (restore the run's folder, or resume the run)", path.display())]
    Missing {
        /// The heading above it.
        place: String,
        /// The file.
        path: PathBuf,
        /// The underlying error.
        source: std::io::Error,
    },
    /// A cited file is not the one that the run recorded.
    #[error("{} was changed after the run recorded it, cited in \"{place}\": sha256 {found}, recorded {recorded}", path.display())]
    HashDiffers {
        /// The heading above it.
        place: String,
        /// The file.
        path: PathBuf,
        /// The hash in the run's record.
        recorded: String,
        /// The hash of the file.
        found: String,
    },
    /// A result is not JSON.
    #[error("{} is not JSON", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// The underlying error.
        source: serde_json::Error,
    },
    /// `ledger.jsonl` does not say what the journal says.
    #[error("ledger.jsonl, line {line}, is not the line of the run's journal")]
    LedgerDiffers {
        /// From 1.
        line: usize,
    },
    /// A verdict that the ledger does not hold.
    #[error("the ledger holds no such verdict for {hypothesis}: {what}")]
    VerdictDiffers {
        /// The hypothesis.
        hypothesis: String,
        /// The missing or different content.
        what: &'static str,
    },
    /// A finding is worded more strongly than its verdict allows.
    #[error("{hypothesis} is called {wording:?}: {why}")]
    Overclaim {
        /// The hypothesis.
        hypothesis: String,
        /// The words at fault.
        wording: String,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// A path of the record leads out of the run's folder.
    #[error("{path:?} of the run's record leads out of the run's folder")]
    UnsafePath {
        /// The path.
        path: String,
    },
    /// The record or the findings cannot be written as JSON.
    #[error("the run's record cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// An output cannot be written.
    #[error("cannot write {} (is the disk full, or the folder read-only?)", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The underlying error.
        source: std::io::Error,
    },
}
