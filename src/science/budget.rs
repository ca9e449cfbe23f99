//! The name of a budget.

use super::closed_set::closed_set;

closed_set! {
    /// The name of a budget: its key below `[budget]`.
    BudgetName {
        /// Cycles of the research.
        Cycles = "cycles",
        /// Experiments, repairs and the shuffled run included.
        Experiments = "experiments",
        /// Tests on the data as given.
        Tests = "tests",
        /// Time on the clock.
        WallTime = "wall_time",
        /// Tokens of a model.
        Tokens = "tokens",
        /// US dollars for a model.
        Usd = "usd",
    }
}

impl BudgetName {
    /// Returns true if only a model spends it.
    pub fn is_of_model(&self) -> bool {
        matches!(self, Self::Tokens | Self::Usd)
    }
}
