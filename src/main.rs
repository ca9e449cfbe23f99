//! The `kosmos` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A process that is the sandbox's own launcher goes no further than this.
    kosmos::sandbox::become_launcher_if_asked();
    kosmos_core::files::make_files_private();
    kosmos::cli::main()
}
