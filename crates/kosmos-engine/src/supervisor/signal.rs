//! How a run is asked to stop from outside.

use std::sync::Arc;

use tokio::sync::watch;

/// Asks a run to stop: once, and it drains what is under way; twice, and it drops it.
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
    /// Asks once more.
    pub fn ask(&self) {
        self.asked.send_modify(|times| *times += 1);
    }

    /// Follows the asking.
    pub fn subscribe(&self) -> watch::Receiver<u32> {
        self.asked.subscribe()
    }

    /// Asks at SIGINT (Ctrl-C) and SIGTERM, for as long as the program runs.
    pub fn on_terminal_signals(&self) {
        for kind in [
            tokio::signal::unix::SignalKind::interrupt(),
            tokio::signal::unix::SignalKind::terminate(),
        ] {
            let signal = self.clone();
            match tokio::signal::unix::signal(kind) {
                Ok(mut stream) => {
                    tokio::spawn(async move {
                        while stream.recv().await.is_some() {
                            signal.ask();
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot listen for signals: Ctrl-C will end the process at once, and `kosmos resume` will go on")
                }
            }
        }
    }
}
