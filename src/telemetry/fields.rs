//! The names of log fields, so that one thing has one name everywhere. Those of model calls follow
//! OpenTelemetry's semantic conventions for generative AI.
//!
//! ```
//! use kosmos::telemetry::fields;
//! tracing::info!({ fields::AGENT } = "data_analyst", { fields::ATTEMPT } = 2, "restarted");
//! ```

/// The id of a run.
pub const RUN: &str = "run";
/// The name of an agent.
pub const AGENT: &str = "agent";
/// The id of a message.
pub const MESSAGE: &str = "message";
/// The kind of a message.
pub const MESSAGE_KIND: &str = "message_kind";
/// The id of the message that caused this one.
pub const CAUSE: &str = "cause";
/// The number of the attempt at a message, from 1.
pub const ATTEMPT: &str = "attempt";
/// The id of an experiment.
pub const EXPERIMENT: &str = "experiment";
/// The id of a hypothesis.
pub const HYPOTHESIS: &str = "hypothesis";
/// The number of a cycle, from 1.
pub const CYCLE: &str = "cycle";
/// The idempotency key of an effect.
pub const EFFECT: &str = "effect";
/// The name of a backend.
pub const BACKEND: &str = "backend";
/// A file.
pub const PATH: &str = "path";
/// Elapsed time, in milliseconds.
pub const ELAPSED_MS: &str = "elapsed_ms";
/// An error, as text.
pub const ERROR: &str = "error";
/// The operation that was requested of a model, such as `chat`.
pub const GEN_AI_OPERATION: &str = "gen_ai.operation.name";
/// The requested model.
pub const GEN_AI_MODEL: &str = "gen_ai.request.model";
/// Tokens in the prompt.
pub const GEN_AI_INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// Tokens in the reply.
pub const GEN_AI_OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
