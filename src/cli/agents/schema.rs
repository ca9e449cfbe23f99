use clap::Args;

use crate::cli::{CliError, Exit, output};
use crate::plugin::protocol_schemas;

/// `kosmos agents schema`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  kosmos agents schema > schemas.json\n  kosmos agents schema --internal")]
pub struct SchemaArgs {
    /// Also print the schemas of messages between built-in agents, for an agent that replaces one
    #[arg(long)]
    pub internal: bool,
}

pub(super) fn execute_schema(args: &SchemaArgs) -> Result<Exit, CliError> {
    output::print_json(&protocol_schemas(args.internal))?;
    Ok(Exit::Done)
}
