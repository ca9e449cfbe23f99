//! The status of a test.

use super::closed_set::closed_set;

closed_set! {
    /// The status of a test in a script's result.
    TestStatus {
        /// It was made.
        Ok = "ok",
        /// It could not be made; the result says why.
        NotTestable = "not_testable",
    }
}
