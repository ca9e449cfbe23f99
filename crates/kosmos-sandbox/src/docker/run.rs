//! Runs one job in a container, from beginning to end.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    container::{CommonSettings, ContainerShape, RUN},
    engine::ContainerEngine,
    frames::{Frame, FrameError, JobReport},
    inputs::InputVolume,
    lease::{self, ContainerLease},
    outputs::OutputWriter,
    pool::ContainerPool,
    upload,
};
use crate::{
    Caps, Captured, Execution, Job, Outcome, Output, ResourceLimits, SandboxError, TimeLimit, Usage,
    capture::HeadAndTail,
    verdict::{ExitEvidence, ExitKind, decide_outcome},
};

/// How long process 1 may take to end everything and send the files, once it is asked to.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a job is started again because its container was lost.
const ATTEMPTS: u32 = 5;
/// Maximum number of entries of one folder, and of refusals, that are examined.
const LISTED: usize = 10_000;

/// The state that all jobs of a sandbox share.
#[derive(Debug)]
pub struct DockerContext {
    pub engine: ContainerEngine,
    pub common: Arc<CommonSettings>,
    pub pool: ContainerPool,
    pub inputs: InputVolume,
    /// How long to wait for an engine that stopped answering.
    pub patience: Duration,
}

/// Why the job was ended before it ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stop {
    Cancelled,
    Limit(Outcome),
}

/// Runs `job`, again if its container or the engine was lost. This is safe: a job affects only its workspace, which is
/// unchanged until the job has ended.
pub async fn run_job(site: &DockerContext, job: &Job, cancel: &CancellationToken) -> Result<Execution, SandboxError> {
    job.validate()?;
    let mut attempt = 1;
    loop {
        let error = match run_once(site, job, cancel).await {
            Err(error @ (SandboxError::EngineLost { .. } | SandboxError::Engine { .. })) if attempt < ATTEMPTS => error,
            other => return other,
        };
        tracing::warn!(job = job.key, attempt, %error, "a job lost its container and is started again");
        site.engine.wait_until_back(site.patience, cancel).await?;
        // The ready containers were lost with the engine.
        site.pool.remove_all().await;
        attempt += 1;
        // An engine that is shutting down answers for a while.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn run_once(site: &DockerContext, job: &Job, cancel: &CancellationToken) -> Result<Execution, SandboxError> {
    let started = Instant::now();
    let inputs = site.inputs.upload_inputs(job).await?;
    let shape = ContainerShape::of(job.language, &job.limits);
    let mut lease = tokio::select! {
        () = cancel.cancelled() => return Err(SandboxError::Cancelled),
        lease = site.pool.take_container(&shape) => lease?,
    };
    lease.rename(&job.key).await?;
    upload::upload_job(&site.engine, &lease.id, job, inputs).await?;
    let mut attended = RunningJob::new(lease, job)?;
    let stop = attended.until_over(cancel).await?;
    attended.finish_job(stop, started).await
}

/// The job while it runs.
struct RunningJob<'a> {
    job: &'a Job,
    lease: ContainerLease,
    stdout: HeadAndTail,
    stderr: HeadAndTail,
    outputs: Option<OutputWriter>,
    caps: Caps,
    report: Option<JobReport>,
    out_of_memory: bool,
}

impl<'a> RunningJob<'a> {
    fn new(lease: ContainerLease, job: &'a Job) -> Result<Self, SandboxError> {
        let limit = job.limits.stdout_bytes;
        Ok(Self {
            job,
            lease,
            stdout: HeadAndTail::new(limit),
            stderr: HeadAndTail::new(limit),
            outputs: None,
            caps: Caps::within(&job.limits),
            report: None,
            out_of_memory: false,
        })
    }

    /// Starts the script and waits for its last file. Returns why it was ended, if it did not end by itself.
    async fn until_over(&mut self, cancel: &CancellationToken) -> Result<Option<Stop>, SandboxError> {
        let line = job_instructions(self.job, &self.caps);
        self.lease.send_line(&line).await?;
        let deadline = tokio::time::Instant::now() + self.job.limits.wall;
        let stop = loop {
            let frame = tokio::select! {
                biased;
                () = cancel.cancelled() => break Stop::Cancelled,
                frame = self.lease.frames.next_frame() => frame,
                () = sleep_until(deadline) => {
                    break Stop::Limit(Outcome::TimedOut { limit: TimeLimit::Wall });
                }
            };
            match self.handle_frame(frame).await? {
                Step::Goes => {}
                Step::Over => return Ok(None),
                Step::Floods(what) => break Stop::Limit(Outcome::OutputTooLarge { what }),
            }
        };
        if stop != Stop::Cancelled {
            self.lease.send_line("stop").await?;
            let rest = async {
                while !matches!(self.handle_next_frame().await?, Step::Over) {}
                Ok::<(), SandboxError>(())
            };
            // A container that fails to do that is removed with all its processes.
            if timeout(PATIENCE, rest).await.is_err() {
                tracing::warn!(job = self.job.key, "a container did not end its script and is removed");
            }
        }
        Ok(Some(stop))
    }

    async fn handle_next_frame(&mut self) -> Result<Step, SandboxError> {
        let frame = self.lease.frames.next_frame().await;
        self.handle_frame(frame).await
    }

    async fn handle_frame(&mut self, frame: Result<Frame, FrameError>) -> Result<Step, SandboxError> {
        let most = self
            .job
            .limits
            .stdout_bytes
            .saturating_mul(ResourceLimits::OUTPUT_PATIENCE);
        match frame {
            Ok(Frame::Stdout(piece)) => {
                self.stdout.add(&piece);
                return Ok(continue_or_flood(self.stdout.bytes_seen() > most, Output::Stdout));
            }
            Ok(Frame::Stderr(piece)) => {
                self.stderr.add(&piece);
                return Ok(continue_or_flood(self.stderr.bytes_seen() > most, Output::Stderr));
            }
            Ok(Frame::File(head)) => self.output_writer()?.begin_file(&head)?,
            Ok(Frame::Data(content)) => self.output_writer()?.write_data(&content)?,
            Ok(Frame::End(report)) => {
                self.output_writer()?.finish_file()?;
                let report = serde_json::from_slice(&report).map_err(|error| SandboxError::Lost(error.to_string()))?;
                self.report = Some(report);
                return Ok(Step::Over);
            }
            Ok(Frame::Ready) => return Err(lease::container_lost(&FrameError::Nonsense)),
            Err(broken) => {
                // The memory limit can end process 1 itself, and with it everything.
                if self.lease.was_out_of_memory().await {
                    self.out_of_memory = true;
                    return Ok(Step::Over);
                }
                return Err(lease::container_lost(&broken));
            }
        }
        Ok(Step::Goes)
    }

    fn output_writer(&mut self) -> Result<&mut OutputWriter, SandboxError> {
        let outputs = match self.outputs.take() {
            Some(outputs) => outputs,
            None => OutputWriter::in_emptied_folder(&self.job.workspace, self.caps)?,
        };
        Ok(self.outputs.insert(outputs))
    }

    async fn finish_job(self, stop: Option<Stop>, started: Instant) -> Result<Execution, SandboxError> {
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
            tracing::warn!(job = job.key, %error, "could not remove a container; a later start will");
        }
        let (stdout, stderr): (Captured, Captured) = (stdout.into_captured(), stderr.into_captured());
        let wall_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let outcome = match (stop, &report) {
            (Some(Stop::Limit(outcome)), _) => outcome,
            (_, Some(report)) => outcome_of_report(report, &stderr, job)?,
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

fn continue_or_flood(flooded: bool, what: Output) -> Step {
    if flooded { Step::Floods(what) } else { Step::Goes }
}

/// Returns the job as process 1 reads it, a line of JSON.
fn job_instructions(job: &Job, caps: &Caps) -> String {
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

fn outcome_of_report(report: &JobReport, stderr: &Captured, job: &Job) -> Result<Outcome, SandboxError> {
    if report.reason.as_deref() == Some("cpu") {
        return Ok(Outcome::TimedOut { limit: TimeLimit::Cpu });
    }
    let end = match (report.exit, report.signal) {
        (Some(code), _) => ExitKind::Exited { code },
        (None, Some(signal)) => ExitKind::Signalled { signal },
        (None, None) => return Err(SandboxError::Lost("it did not report how the script ended".to_owned())),
    };
    Ok(decide_outcome(&ExitEvidence {
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
