//! Why the check of a challenge does not count.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why the numbers of a check may not count against a finding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::plugin) enum RecheckFault {
    /// The agent may have no more scripts run.
    #[error("its script was not run again, as the agent's share of the run's experiments, {share}, is used up")]
    ShareUsed {
        /// The experiments of its share.
        share: u64,
    },
    /// The script reads no table.
    #[error("its script was given no table, so that its numbers are of no rows")]
    NoTable,
    /// The script reads another table than the finding is of.
    #[error("its script was given another table than the finding's")]
    OtherTable,
    /// The script could not be run again.
    #[error(transparent)]
    NotRun(#[from] NotRun),
    /// The script gives no numbers on one of the tables.
    #[error("run again {place}, it gives no numbers: {problem}")]
    NoNumbers {
        /// Which table it was.
        place: Place,
        /// The script's behaviour.
        problem: String,
    },
    /// The script does not depend on a column of the finding.
    #[error("its numbers stay the same when `{column}` is shuffled, so that it does not test the finding")]
    Unchanged {
        /// The column.
        column: String,
    },
    /// The script depends on the order of the rows, or on chance.
    #[error("its script gives other numbers when the same rows stand in another order")]
    OrderMatters,
    /// The negative control is significant where nothing can be found.
    #[error("it finds something even where the finding's own columns are shuffled")]
    FindsInShuffled,
    /// The script would contradict the finding whatever the data.
    #[error("it contradicts the finding even {0}")]
    Contradicts(Place),
    /// The script does not say how many rows it used.
    #[error("it does not say its number of rows, n")]
    NoRows,
    /// The script claims more rows than there are.
    #[error("its n is {n}, and the table has {rows} rows")]
    TooManyRows {
        /// The rows that it claims.
        n: u64,
        /// The rows of the table.
        rows: u64,
    },
    /// The script used other rows than those that have the finding's columns.
    #[error("its n is {n}, and {} rows have the finding's columns", join_counts(rows))]
    OtherRows {
        /// The rows that it used.
        n: u64,
        /// The numbers of rows that it could have used.
        rows: Vec<u64>,
    },
}

fn join_counts(rows: &[u64]) -> String {
    let rows: Vec<String> = rows.iter().map(u64::to_string).collect();
    rows.join(" or ")
}

/// A changed copy of the table, as the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plugin) enum Place {
    /// The same rows.
    Reordered,
    /// A table on which the finding holds.
    Planted {
        /// The column that determines the other.
        x: String,
        /// The column that follows.
        y: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reordered => out.write_str("on the same rows in another order"),
            Self::Planted { x, y } => write!(out, "where `{y}` follows `{x}` without exception"),
        }
    }
}

/// Why a script was not run again, which the journal keeps as a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(from = "String", into = "String")]
pub(in crate::plugin) enum NotRun {
    /// The script that makes the copies failed.
    #[error("Kosmos could not make copies of the table to check its script")]
    NoCopies,
    /// The reason that another version of Kosmos has recorded.
    #[error("{0}")]
    Recorded(String),
}

impl From<String> for NotRun {
    fn from(text: String) -> Self {
        match text == Self::NoCopies.to_string() {
            true => Self::NoCopies,
            false => Self::Recorded(text),
        }
    }
}

impl From<NotRun> for String {
    fn from(reason: NotRun) -> Self {
        reason.to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_journal_keeps_the_reason_as_a_text() {
        let journalled = json!("Kosmos could not make copies of the table to check its script");
        assert_eq!(serde_json::to_value(NotRun::NoCopies).unwrap(), journalled);
        for (text, reason) in [
            (journalled, NotRun::NoCopies),
            (json!("another reason"), NotRun::Recorded("another reason".to_owned())),
        ] {
            assert_eq!(serde_json::from_value::<NotRun>(text.clone()).unwrap(), reason);
            assert_eq!(serde_json::to_value(&reason).unwrap(), text);
        }
    }

    #[test]
    fn the_fault_says_which_copy_it_is_about() {
        let (x, y) = ("a".to_owned(), "b".to_owned());
        assert_eq!(
            RecheckFault::Contradicts(Place::Planted { x, y }).to_string(),
            "it contradicts the finding even where `b` follows `a` without exception"
        );
        let problem = "the script ended".to_owned();
        let place = Place::Reordered;
        assert_eq!(
            RecheckFault::NoNumbers { place, problem }.to_string(),
            "run again on the same rows in another order, it gives no numbers: the script ended"
        );
    }
}
