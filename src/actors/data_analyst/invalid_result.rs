//! A result that breaks its contract.

/// Why a result does not count, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidResult {
    /// The file cannot be read, or is not as the experiment left it.
    #[error("{0}")]
    File(String),
    /// The tests are not those of the protocol.
    #[error("the result does not hold exactly the tests of its protocol")]
    OtherTests,
    /// A test has a status that is not defined.
    #[error("the test {test} has the unknown status `{status}`")]
    UnknownStatus {
        /// The test.
        test: String,
        /// Its status.
        status: String,
    },
    /// The p-value to judge by is not a probability.
    #[error("the test {0} is to be judged by a p-value outside of 0 to 1")]
    JudgedByNoP(String),
    /// A p-value is not a probability.
    #[error("the test {0} has a p-value outside of 0 to 1")]
    NoP(String),
    /// The lower end of an interval is above the upper one.
    #[error("the test {0} has an interval that is upside down")]
    UpsideDown(String),
    /// A test that was done does not say which it is.
    #[error("the test {0} does not say which test it is")]
    UnnamedTest(String),
    /// An analysis by a model has no test, or several.
    #[error("an analysis has exactly one test")]
    NotOneTest,
    /// An analysis by a model has numbers that it was not asked for.
    #[error("an analysis by a model says more than its protocol asks for")]
    SaysMore,
    /// An analysis by a model comes without copies of the table in which columns are shuffled.
    #[error("the analysis was not held against shuffled copies")]
    NoCopies,
    /// It comes with more or fewer copies.
    #[error("the analysis was held against another number of shuffled copies than was asked for")]
    OtherCopies,
    /// One part of the rows has no numbers.
    #[error("the analysis gives no numbers for one part of the rows")]
    NoPart,
    /// It claims more rows than there are.
    #[error("the analysis uses more rows than were held back")]
    TooManyRows,
    /// It claims no rows.
    #[error("the analysis uses no rows")]
    NoRows,
    /// It names its test in words.
    #[error("the analysis does not name its test by a dotted name")]
    UnnamedMethod,
    /// An estimate is not complete.
    #[error("the analysis lacks a number")]
    NoNumber,
    /// The effect has another name.
    #[error("the analysis gives another effect than was registered")]
    OtherEffect,
    /// The effect is outside its interval.
    #[error("the analysis gives an interval without its effect")]
    IntervalWithoutEffect,
    /// The p-value to judge by is not the one that the copies support.
    #[error("the analysis is not judged by what its shuffled copies say")]
    JudgedOtherwise,
    /// The copies show that the analysis is not about its claim.
    #[error("{0}")]
    Copies(String),
}
