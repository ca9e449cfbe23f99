//! How long Kosmos takes to read a table, and how much memory, beside DuckDB alone and pandas alone.
//!
//!     cargo bench --bench reading
//!
//! `KOSMOS_BENCH_ROWS=10000000` makes the large one, which needs 10 GB in the folder for temporary files or in
//! `KOSMOS_BENCH_FOLDER`. Needs the network once, for DuckDB. The rest is in `reading/compare.py`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::{path::Path, process::Command};

use kosmos::interpreter::{self, Interpreter};

/// Rows of the table, unless `KOSMOS_BENCH_ROWS` says otherwise.
const ROWS: &str = "1000000";

fn main() {
    // `cargo test --benches` asks benchmarks only whether they start.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let interpreter =
        Interpreter::find_or_build(&interpreter::Options::default(), &|step| eprintln!("{step}")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/reading/compare.py");
    let rows = std::env::var("KOSMOS_BENCH_ROWS").unwrap_or_else(|_| ROWS.to_owned());
    let ended = Command::new(&interpreter.python)
        .arg(script)
        .arg(rows)
        .status()
        .unwrap();
    assert!(ended.success(), "the comparison {ended}");
}
