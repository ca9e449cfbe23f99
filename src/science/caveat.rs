//! A caveat of a test.

use super::closed_set::closed_set;

closed_set! {
    /// A reason to read a test with care. Templates may add words of their own.
    Caveat {
        /// The direction reverses within the levels of a third column.
        SimpsonReversal = "simpson_reversal",
        /// A third column explains the relation.
        Confounded = "confounded",
        /// The relation depends on outliers.
        OutlierDriven = "outlier_driven",
        /// The relation is not a straight line.
        Nonlinear = "nonlinear",
        /// The effect is too small to matter for most purposes.
        TinyEffect = "tiny_effect",
        /// Rows repeat units.
        RepeatedUnits = "repeated_units",
        /// Both columns drift in time.
        TimeOrder = "time_order",
        /// There are few rows.
        SmallSample = "small_sample",
        /// An assumption of the test fails.
        AssumptionViolated = "assumption_violated",
        /// One column separates the levels of the other perfectly.
        Separation = "separation",
        /// Rows without a value of one column differ in the other.
        MissingByOther = "missing_by_other",
        /// Rows end at a slanting line: they may have been selected by both columns.
        EmptyCorner = "empty_corner",
        /// The two parts of the rows do not both show it.
        NotReplicated = "not_replicated",
        /// A model wrote the code; the note names the model.
        ModelWritten = "model_written",
        /// An agent's challenge was sustained; the note names its check.
        Challenged = "challenged",
        /// An agent's challenge removed it from the findings; the note names the agent.
        Vetoed = "vetoed",
    }
}
