//! One job from beginning to end, as kosmos sees it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    container::{Common, RUN, Shape},
    engine::Engine,
    frames::{Broken, Frame, Report},
    inputs::Inputs,
    lease::{self, Lease},
    outputs::Outputs,
    pool::Pool,
    upload,
};
use crate::{
    Caps, Captured, Execution, Job, Limits, Outcome, Output, SandboxError, TimeLimit, Usage,
    capture::Kept,
    verdict::{End, Evidence, judge},
};

/// How long process 1 may take to end everything and hand over the files, once it is asked to.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a job is begun anew because its container was lost.
const ATTEMPTS: u32 = 5;
/// Entries of one folder, and refusals, that are looked at.
const LISTED: usize = 10_000;

/// What all jobs of a sandbox share.
#[derive(Debug)]
pub struct Site {
    pub engine: Engine,
    pub common: Arc<Common>,
    pub pool: Pool,
    pub inputs: Inputs,
    /// How long to wait for an engine that has gone.
    pub patience: Duration,
}

/// Why the job was not left to end by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stop {
    Cancelled,
    Limit(Outcome),
}

/// Runs `job`, anew if its container or the engine was lost. That is no danger: a job has no effects but
/// on its workspace, which is still as it was when the job has not ended.
pub async fn run(site: &Site, job: &Job, cancel: &CancellationToken) -> Result<Execution, SandboxError> {
    job.validate()?;
    let mut attempt = 1;
    loop {
        let error = match once(site, job, cancel).await {
            Err(error @ (SandboxError::EngineLost { .. } | SandboxError::Engine { .. })) if attempt < ATTEMPTS => error,
            other => return other,
        };
        tracing::warn!(job = job.key, attempt, %error, "a job lost its container and is begun anew");
        site.engine.wait_until_back(site.patience, cancel).await?;
        // They have gone with the engine.
        site.pool.empty().await;
        attempt += 1;
        // An engine that is going down answers for a while.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn once(site: &Site, job: &Job, cancel: &CancellationToken) -> Result<Execution, SandboxError> {
    let started = Instant::now();
    let inputs = site.inputs.provide(job).await?;
    let shape = Shape::of(job.language, &job.limits);
    let mut lease = tokio::select! {
        () = cancel.cancelled() => return Err(SandboxError::Cancelled),
        lease = site.pool.take(&shape) => lease?,
    };
    lease.rename(&job.key).await?;
    upload::job(&site.engine, &lease.id, job, inputs).await?;
    let mut attended = Attended::new(lease, job)?;
    let stop = attended.until_over(cancel).await?;
    attended.conclude(stop, started).await
}

/// The job while it runs.
struct Attended<'a> {
    job: &'a Job,
    lease: Lease,
    stdout: Kept,
    stderr: Kept,
    outputs: Option<Outputs>,
    caps: Caps,
    report: Option<Report>,
    out_of_memory: bool,
}

impl<'a> Attended<'a> {
    fn new(lease: Lease, job: &'a Job) -> Result<Self, SandboxError> {
        let limit = job.limits.stdout_bytes;
        Ok(Self {
            job,
            lease,
            stdout: Kept::new(limit),
            stderr: Kept::new(limit),
            outputs: None,
            caps: Caps::default(),
            report: None,
            out_of_memory: false,
        })
    }

    /// Starts the script and stays until the last file is here. The result is why it was ended, if it was.
    async fn until_over(&mut self, cancel: &CancellationToken) -> Result<Option<Stop>, SandboxError> {
        let line = instructions(self.job, &self.caps);
        self.lease.tell(&line).await?;
        let deadline = tokio::time::Instant::now() + self.job.limits.wall;
        let stop = loop {
            let frame = tokio::select! {
                biased;
                () = cancel.cancelled() => break Stop::Cancelled,
                frame = self.lease.frames.next() => frame,
                () = sleep_until(deadline) => {
                    break Stop::Limit(Outcome::TimedOut { limit: TimeLimit::Wall });
                }
            };
            match self.take(frame).await? {
                Step::Goes => {}
                Step::Over => return Ok(None),
                Step::Floods(what) => break Stop::Limit(Outcome::OutputTooLarge { what }),
            }
        };
        if stop != Stop::Cancelled {
            self.lease.tell("stop").await?;
            let rest = async {
                while !matches!(self.take_next().await?, Step::Over) {}
                Ok::<(), SandboxError>(())
            };
            // A container that does not even do that is removed with all that it holds.
            if timeout(PATIENCE, rest).await.is_err() {
                tracing::warn!(job = self.job.key, "a container did not end its script and is removed");
            }
        }
        Ok(Some(stop))
    }

    async fn take_next(&mut self) -> Result<Step, SandboxError> {
        let frame = self.lease.frames.next().await;
        self.take(frame).await
    }

    async fn take(&mut self, frame: Result<Frame, Broken>) -> Result<Step, SandboxError> {
        let most = self.job.limits.stdout_bytes.saturating_mul(Limits::OUTPUT_PATIENCE);
        match frame {
            Ok(Frame::Stdout(piece)) => {
                self.stdout.add(&piece);
                return Ok(step(self.stdout.total() > most, Output::Stdout));
            }
            Ok(Frame::Stderr(piece)) => {
                self.stderr.add(&piece);
                return Ok(step(self.stderr.total() > most, Output::Stderr));
            }
            Ok(Frame::File(head)) => self.outputs()?.begin_file(&head)?,
            Ok(Frame::Data(content)) => self.outputs()?.data(&content)?,
            Ok(Frame::End(report)) => {
                self.outputs()?.finish_file()?;
                let report = serde_json::from_slice(&report).map_err(|error| SandboxError::Lost(error.to_string()))?;
                self.report = Some(report);
                return Ok(Step::Over);
            }
            Ok(Frame::Ready) => return Err(lease::lost(&Broken::Nonsense)),
            Err(broken) => {
                // Want of memory can end process 1 itself, and with it everything.
                if self.lease.out_of_memory().await {
                    self.out_of_memory = true;
                    return Ok(Step::Over);
                }
                return Err(lease::lost(&broken));
            }
        }
        Ok(Step::Goes)
    }

    fn outputs(&mut self) -> Result<&mut Outputs, SandboxError> {
        let outputs = match self.outputs.take() {
            Some(outputs) => outputs,
            None => Outputs::begin(&self.job.workspace, self.caps)?,
        };
        Ok(self.outputs.insert(outputs))
    }

    async fn conclude(self, stop: Option<Stop>, started: Instant) -> Result<Execution, SandboxError> {
        let Self {
            job,
            lease,
            stdout,
            stderr,
            report,
            out_of_memory,
            ..
        } = self;
        let removed = lease.remove().await;
        if stop == Some(Stop::Cancelled) {
            return Err(SandboxError::Cancelled);
        }
        if let Err(error) = removed {
            tracing::warn!(job = job.key, %error, "a container was left to be swept");
        }
        let (stdout, stderr): (Captured, Captured) = (stdout.finish(), stderr.finish());
        let wall_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let outcome = match (stop, &report) {
            (Some(Stop::Limit(outcome)), _) => outcome,
            (_, Some(report)) => verdict(report, &stderr, job)?,
            (_, None) => Outcome::OutOfMemory,
        };
        let told = report.as_ref();
        let usage = Usage {
            wall_ms,
            cpu_ms: told.map_or(0, |report| report.cpu_ms),
            peak_memory_bytes: told.map_or(job.limits.memory_bytes, |report| {
                report.peak_memory_bytes.unwrap_or(report.largest_process_bytes)
            }),
            workspace_bytes: told.map_or(0, |report| report.bytes),
            workspace_files: told.map_or(0, |report| report.files),
        };
        let oom = out_of_memory || outcome == Outcome::OutOfMemory || told.is_some_and(|report| report.oom_kills > 0);
        Ok(Execution {
            outcome,
            usage,
            stdout,
            stderr,
            oom,
            process_limit_hit: told.is_some_and(|report| report.forks_refused > 0),
            refused: report.map(|report| report.refused).unwrap_or_default(),
        })
    }
}

enum Step {
    Goes,
    Over,
    Floods(Output),
}

fn step(flooded: bool, what: Output) -> Step {
    if flooded { Step::Floods(what) } else { Step::Goes }
}

/// The job as process 1 gets it.
fn instructions(job: &Job, caps: &Caps) -> String {
    let limits = &job.limits;
    let seconds = limits.cpu.as_secs() + u64::from(limits.cpu.subsec_nanos() > 0);
    json!({
        "workspace": format!("{RUN}/{}", job.workspace_inside().display()),
        "script": job.script,
        "language": job.language,
        "cpu_seconds": seconds,
        "cpu_ms": u64::try_from(limits.cpu.as_millis()).unwrap_or(u64::MAX),
        "file_bytes": limits.file_bytes,
        "open_files": limits.open_files,
        "caps": {
            "files": caps.files,
            "file_bytes": caps.file_bytes,
            "total_bytes": caps.total_bytes,
            "depth": caps.depth,
            "listed": LISTED,
        },
    })
    .to_string()
}

fn verdict(report: &Report, stderr: &Captured, job: &Job) -> Result<Outcome, SandboxError> {
    if report.reason.as_deref() == Some("cpu") {
        return Ok(Outcome::TimedOut { limit: TimeLimit::Cpu });
    }
    let end = match (report.exit, report.signal) {
        (Some(code), _) => End::Exited { code },
        (None, Some(signal)) => End::Signalled { signal },
        (None, None) => return Err(SandboxError::Lost("it did not say how the script ended".to_owned())),
    };
    Ok(judge(&Evidence {
        end,
        oom_kills: report.oom_kills,
        cpu_ms: report.cpu_ms,
        workspace_full: report.full,
        largest_file: report.largest,
        stderr: &stderr.text,
        language: job.language,
        limits: &job.limits,
    }))
}
