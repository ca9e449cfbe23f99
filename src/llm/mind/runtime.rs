//! The thread that calls run on.

use std::thread;

use tokio_util::sync::CancellationToken;

use crate::llm::{LlmError, endpoint::rejected};

/// Starts a runtime on its own thread: calls continue when an agent's thread ends, and do not occupy it.
pub(super) fn start_runtime(stop: CancellationToken) -> Result<tokio::runtime::Handle, LlmError> {
    let cannot = |error: std::io::Error| {
        rejected(
            &format!("cannot start a thread for calls to a model: {error}"),
            "raise this machine's limits on threads and open files",
        )
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(cannot)?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("minds".to_owned())
        .spawn(move || runtime.block_on(stop.cancelled()))
        .map_err(cannot)?;
    Ok(handle)
}
