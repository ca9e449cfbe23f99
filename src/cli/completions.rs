use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde_json::json;

use super::{Cli, CliError, Exit, Globals, output};

/// `kosmos completions`: prints the completion script for a shell.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// Shell to print the script for
    #[arg(value_enum)]
    pub shell: Shell,
}

pub(super) const LONG_ABOUT: &str = "\
Print a completion script for a shell.

Load the script from the start-up file of the shell, or write it to the folder that the shell loads completions from.";

const EXAMPLES: &str = "\
Examples:
  source <(kosmos completions bash)
  kosmos completions bash > ~/.local/share/bash-completion/completions/kosmos
  kosmos completions zsh > ~/.zfunc/_kosmos
  kosmos completions fish > ~/.config/fish/completions/kosmos.fish";

/// Runs the command.
///
/// # Errors
/// When stdout cannot be written to.
pub fn execute_completions(args: CompletionsArgs, globals: &Globals) -> Result<Exit, CliError> {
    let script = render_script(args.shell);
    if globals.json {
        output::print_json(&json!({ "shell": args.shell.to_string(), "script": script }))?;
    } else {
        output::print_verbatim(&script)?;
    }
    Ok(Exit::Done)
}

fn render_script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kosmos", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_has_a_script_that_names_every_command() {
        for shell in Shell::value_variants() {
            let script = render_script(*shell);
            for command in Cli::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }
}
