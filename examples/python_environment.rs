//! Makes the Python environment that scripts run on, or finds it, and prints its interpreter's path:
//!
//! ```sh
//! cargo run --example python_environment
//! ```

use std::io::Write;

use kosmos::interpreter::{Interpreter, InterpreterError, Options, Progress};

fn main() -> Result<(), InterpreterError> {
    let told = |step: Progress| {
        let _ = writeln!(std::io::stderr(), "{step}");
    };
    let interpreter = Interpreter::ensure(&Options::default(), &told)?;
    let _ = writeln!(std::io::stdout(), "{}", interpreter.python.display());
    Ok(())
}
