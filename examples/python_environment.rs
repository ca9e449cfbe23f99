//! Makes the Python environment that scripts run on, or finds it, and prints its interpreter's path:
//!
//! ```sh
//! cargo run --example python_environment
//! ```

use std::io::Write;

use kosmos::interpreter::{EnvironmentProgress, Interpreter, InterpreterError, Options};

fn main() -> Result<(), InterpreterError> {
    let told = |step: EnvironmentProgress| {
        let _ = writeln!(std::io::stderr(), "{step}");
    };
    let interpreter = Interpreter::find_or_build(&Options::default(), &told)?;
    let _ = writeln!(std::io::stdout(), "{}", interpreter.python.display());
    Ok(())
}
