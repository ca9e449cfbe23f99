//! The `kosmos` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    kosmos::cli::main()
}
