//! Requests to stop a run from outside.

use std::sync::Arc;

use tokio::sync::watch;

/// Asks a run to stop. After the first request it drains its in-flight messages; after the second it drops them.
#[derive(Debug, Clone)]
pub struct StopSignal {
    asked: Arc<watch::Sender<u32>>,
}

impl Default for StopSignal {
    fn default() -> Self {
        Self {
            asked: Arc::new(watch::Sender::new(0)),
        }
    }
}

impl StopSignal {
    /// Requests a stop once more.
    pub fn request_stop(&self) {
        self.asked.send_modify(|times| *times += 1);
    }

    /// Returns a receiver of the number of requests.
    pub fn subscribe(&self) -> watch::Receiver<u32> {
        self.asked.subscribe()
    }

    /// Requests a stop at each SIGINT (Ctrl-C) and SIGTERM, for the rest of the program.
    pub fn listen_to_signals(&self) {
        for kind in [
            tokio::signal::unix::SignalKind::interrupt(),
            tokio::signal::unix::SignalKind::terminate(),
        ] {
            let signal = self.clone();
            match tokio::signal::unix::signal(kind) {
                Ok(mut stream) => {
                    tokio::spawn(async move {
                        while stream.recv().await.is_some() {
                            signal.request_stop();
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot listen for signals: Ctrl-C will kill the process, and `kosmos resume` will continue the run")
                }
            }
        }
    }
}
