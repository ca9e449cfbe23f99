use clap::Args;

use crate::cli::{CliError, Exit, output};
use crate::plugin::schemas;

/// `kosmos agents schema`.
#[derive(Debug, Clone, Args)]
pub struct SchemaArgs {
    /// Also those of what the built-in agents say among themselves, for who takes the place of one
    #[arg(long)]
    pub internal: bool,
}

pub(super) fn execute(args: &SchemaArgs) -> Result<Exit, CliError> {
    output::json(&schemas(args.internal))?;
    Ok(Exit::Done)
}
