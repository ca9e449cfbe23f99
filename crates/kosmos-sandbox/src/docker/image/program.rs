//! Runs a program of the host, which ends when the future that waits for it is dropped.

use std::{collections::VecDeque, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::mpsc,
};

use super::ImageError;

/// How many of the last lines are kept to explain a failure.
const KEPT: usize = 30;

/// A program that ended with an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedProgram {
    /// The last lines that it wrote.
    pub output: String,
}

/// Runs a program to its end and calls `see` with each line that it writes. The outer error means that it could not be
/// run.
pub async fn run_program(
    mut command: Command,
    mut see: impl FnMut(&str),
) -> Result<Result<(), FailedProgram>, ImageError> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let failed = |source| ImageError::Run {
        program: program.clone(),
        source,
    };
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // A group of its own, so that a signal reaches the processes that it started, and not this one.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map(Running).map_err(failed)?;
    let (lines, mut written) = mpsc::channel(64);
    let readers = (child.0.stdout.take(), child.0.stderr.take());
    let (stdout, stderr) = (forward_lines(readers.0, lines.clone()), forward_lines(readers.1, lines));
    let mut last = VecDeque::new();
    let reading = async {
        while let Some(line) = written.recv().await {
            see(&line);
            if last.len() == KEPT {
                last.pop_front();
            }
            last.push_back(line);
        }
    };
    futures::join!(stdout, stderr, reading);
    let status = child.0.wait().await.map_err(failed)?;
    if status.success() {
        return Ok(Ok(()));
    }
    last.push_back(status.to_string());
    Ok(Err(FailedProgram {
        output: last.make_contiguous().join("\n"),
    }))
}

/// Sends each line on until the stream ends or cannot be read.
async fn forward_lines(from: Option<impl AsyncRead + Unpin>, to: mpsc::Sender<String>) {
    let Some(from) = from else { return };
    let mut lines = BufReader::new(from).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        if to
            .send(String::from_utf8_lossy(&line).trim_end().to_owned())
            .await
            .is_err()
        {
            return;
        }
    }
}

/// A process that is asked to end, and so can clean up, when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(pid) = self
            .0
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(rustix::process::Pid::from_raw)
        {
            // Fails if it has just ended.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::TERM);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = self.0.start_kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn lines_are_seen_and_the_last_explain_a_failure() {
        let mut seen = Vec::new();
        let failed = run_program(shell("echo one; echo two >&2; exit 3"), |line| {
            seen.push(line.to_owned())
        })
        .await
        .unwrap()
        .unwrap_err();
        seen.sort();
        assert_eq!(seen, ["one", "two"]);
        assert!(
            failed.output.contains("one") && failed.output.contains("two") && failed.output.contains('3'),
            "{}",
            failed.output
        );
        assert!(run_program(Command::new("/nonexistent"), |_| ()).await.is_err());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn dropping_asks_it_to_end() {
        let home = tempfile::tempdir().unwrap();
        let (ready, ended) = (home.path().join("ready"), home.path().join("ended"));
        let script = format!(
            "(trap 'touch {}; exit' TERM; touch {}; while :; do sleep 0.01; done) 2>/dev/null; true",
            ended.display(),
            ready.display()
        );
        let running = tokio::spawn(run_program(shell(&script), |_| ()));
        let eventually = async |path: &std::path::Path| {
            for _ in 0..1000 {
                if path.exists() {
                    return true;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            false
        };
        assert!(eventually(&ready).await);
        running.abort();
        assert!(eventually(&ended).await);
    }
}
