//! The agents that take part in every run.

/// The names of the supervisor and the six built-in agents.
pub mod agent {
    pub use kosmos_engine::SUPERVISOR;

    /// Decides what is done next.
    pub const RESEARCH_DIRECTOR: &str = "research_director";
    /// Proposes hypotheses.
    pub const HYPOTHESIS_GENERATOR: &str = "hypothesis_generator";
    /// Writes protocols and scripts.
    pub const CODE_GENERATOR: &str = "code_generator";
    /// Runs scripts in the sandbox.
    pub const SANDBOX_EXECUTOR: &str = "sandbox_executor";
    /// Reads results and judges them.
    pub const DATA_ANALYST: &str = "data_analyst";
    /// Records what was learnt.
    pub const KNOWLEDGE_GRAPH_WRITER: &str = "knowledge_graph_writer";
    /// The six, in the order in which a question passes through them.
    pub const BUILT_IN: [&str; 6] = [
        RESEARCH_DIRECTOR,
        HYPOTHESIS_GENERATOR,
        CODE_GENERATOR,
        SANDBOX_EXECUTOR,
        DATA_ANALYST,
        KNOWLEDGE_GRAPH_WRITER,
    ];
}
