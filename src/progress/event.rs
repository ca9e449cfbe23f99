use std::time::Duration;

/// Something that happened in a lab, as far as a person who watches cares. Texts may come from data: displays
/// make them fit for a terminal.
#[derive(Debug, Clone, PartialEq)]
pub enum ProgressEvent {
    /// Something is made ready before the run, such as a Python environment.
    Preparing {
        /// What.
        what: String,
        /// How much of it, in whatever unit `total` has.
        done: u64,
        /// How much there is, if that is known.
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
        /// On what.
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
        /// Why.
        reason: String,
    },
    /// The number of experiments changed.
    Experiments {
        /// Finished.
        done: u64,
        /// Under way.
        running: u64,
        /// All that are known of, done and running included.
        planned: u64,
    },
    /// The number of findings changed.
    Findings {
        /// Findings so far.
        n: u64,
    },
    /// What is left of the budget.
    Budget {
        /// Time.
        wall_left: Duration,
        /// Experiments.
        experiments_left: u64,
    },
    /// A model replied, or gave up replying.
    Model {
        /// Replies of the run so far.
        calls: u64,
        /// Tokens that they took, prompts and replies together.
        tokens: u64,
        /// US dollars, as far as the models have prices.
        usd: f64,
        /// Tokens that the budget leaves, where it limits them.
        tokens_left: Option<u64>,
        /// US dollars that the budget leaves, where it limits them.
        usd_left: Option<f64>,
    },
    /// A model's reply as it comes.
    Said {
        /// The agent that asked.
        agent: String,
        /// The reply so far.
        text: String,
    },
    /// Something that the user should read.
    Note(String),
    /// The run ended.
    Ended {
        /// Its status, such as `answered`.
        status: String,
    },
}
