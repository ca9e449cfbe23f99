use std::time::Duration;

/// An event for the user. Texts may come from data: displays make them safe for a terminal.
#[derive(Debug, Clone, PartialEq)]
pub enum ProgressEvent {
    /// A prerequisite is being prepared, such as a Python environment.
    Preparing {
        /// The prerequisite.
        what: String,
        /// The part that is done, in the unit of `total`.
        done: u64,
        /// The whole, if it is known.
        total: Option<u64>,
    },
    /// A run began, or was resumed.
    RunStarted {
        /// Its id.
        run: String,
        /// Its question.
        question: String,
    },
    /// A cycle began.
    Cycle {
        /// Its number, from 1.
        n: u32,
        /// The cycles that the budget allows.
        of: u32,
    },
    /// An agent began to work.
    AgentBusy {
        /// Its name.
        agent: String,
        /// The work.
        what: String,
    },
    /// An agent has nothing to do.
    AgentIdle {
        /// Its name.
        agent: String,
    },
    /// An agent failed and was started again.
    AgentRestarted {
        /// Its name.
        agent: String,
        /// The reason.
        reason: String,
    },
    /// The number of experiments changed.
    Experiments {
        /// Finished.
        done: u64,
        /// Running.
        running: u64,
        /// All known experiments, including those done and running.
        planned: u64,
    },
    /// The number of findings changed.
    Findings {
        /// Findings so far.
        n: u64,
    },
    /// The remaining budget.
    Budget {
        /// Time.
        wall_left: Duration,
        /// Experiments.
        experiments_left: u64,
    },
    /// A model replied, or a call failed for good.
    Model {
        /// Replies of the run so far.
        calls: u64,
        /// Tokens used, prompts and replies together.
        tokens: u64,
        /// US dollars spent, for the models with known prices.
        usd: f64,
        /// Tokens left in the budget, if it limits them.
        tokens_left: Option<u64>,
        /// US dollars left in the budget, if it limits them.
        usd_left: Option<f64>,
    },
    /// A part of a model's reply has arrived.
    Said {
        /// The agent that asked.
        agent: String,
        /// The reply so far.
        text: String,
    },
    /// A message for the user.
    Note(String),
    /// The run ended.
    Ended {
        /// Its status, such as `answered`.
        status: String,
    },
}
