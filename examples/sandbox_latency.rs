//! Measures how long it takes from asking for a job until its script runs with the usual packages
//! imported, and how many such jobs end per second, cold and warm:
//!
//! ```sh
//! cargo run --release --example sandbox_latency
//! ```

use std::{
    error::Error,
    fs,
    io::Write,
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use futures::{StreamExt, stream};
use kosmos::{
    interpreter::{self, Interpreter},
    sandbox::{Job, Language, Limits, Options, ProcessSandbox, Sandbox, entry},
};
use tokio_util::sync::CancellationToken;

const SCRIPT: &str = "
import time, numpy, pandas, scipy.stats, sklearn.linear_model
print(time.time_ns())
";
const JOBS: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    entry();
    tokio::runtime::Runtime::new()?.block_on(compare())
}

async fn compare() -> Result<(), Box<dyn Error>> {
    let interpreter = Interpreter::ensure(&interpreter::Options::default(), &|_| ())?;
    let home = std::env::temp_dir().join(format!("kosmos-latency-{}", std::process::id()));
    fs::create_dir(&home)?;
    let measured = async {
        for warm in [false, true] {
            let options = Options {
                warm,
                ..Options::new(&interpreter)
            };
            measure(&ProcessSandbox::start(options).await?, warm, &home).await?;
        }
        Ok(())
    };
    let measured = measured.await;
    fs::remove_dir_all(&home)?;
    measured
}

async fn measure(sandbox: &ProcessSandbox, warm: bool, home: &Path) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    writeln!(out, "{}", if warm { "warm" } else { "cold" })?;
    for at_once in [1, 2, 8] {
        let begun = Instant::now();
        let jobs = stream::iter(0..JOBS).map(|n| one(sandbox, home, n));
        let done: Vec<_> = jobs.buffer_unordered(at_once).collect().await;
        let took = begun.elapsed();
        let done = done.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut latencies: Vec<_> = done.iter().map(|(latency, _)| *latency).collect();
        latencies.sort();
        let at = |share: usize| latencies.get(JOBS * share / 100).copied().unwrap_or_default();
        let cpu: u64 = done.iter().map(|(_, cpu_ms)| cpu_ms).sum();
        writeln!(
            out,
            "  {at_once} at once: median {:?}, 95 of 100 within {:?}; {:.1} jobs a second; {} ms of processor time each",
            at(50),
            at(95),
            JOBS as f64 / took.as_secs_f64(),
            cpu / JOBS as u64,
        )?;
    }
    Ok(())
}

/// Runs the script, and gives the time until it ran, and the processor time of the whole job.
async fn one(sandbox: &ProcessSandbox, home: &Path, n: usize) -> Result<(Duration, u64), Box<dyn Error>> {
    let workspace = home.join(n.to_string());
    fs::create_dir_all(&workspace)?;
    fs::write(workspace.join("script.py"), SCRIPT)?;
    let job = Job {
        key: format!("latency-{n}"),
        experiment: "e".to_owned(),
        workspace,
        inputs: Vec::new(),
        script: "script.py".to_owned(),
        language: Language::Python,
        limits: Limits::default(),
    };
    let begun = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let done = sandbox.run(job, CancellationToken::new()).await?;
    let started = done.stdout.text.trim().parse().map_err(|_| done.stderr.text)?;
    let latency = Duration::from_nanos(started).saturating_sub(begun);
    Ok((latency, done.usage.cpu_ms))
}
