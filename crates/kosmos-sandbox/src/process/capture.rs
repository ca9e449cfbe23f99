//! Reads a stream of output and keeps its beginning and its end.

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::sync::CancellationToken;

use crate::{Captured, ResourceLimits, capture::HeadAndTail};

/// Reads `stream` to its end. Beyond `limit` bytes the middle is dropped, since errors come last.
/// `flood` fires once there is far more, see [`ResourceLimits::OUTPUT_PATIENCE`].
pub async fn capture_stream(mut stream: impl AsyncRead + Unpin, limit: u64, flood: CancellationToken) -> Captured {
    let mut kept = HeadAndTail::new(limit);
    let mut buffer = vec![0; 1 << 16];
    // An error ends the stream as its end does: what was read until then is kept.
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        kept.add(buffer.get(..n).unwrap_or_default());
        if kept.bytes_seen() > limit.saturating_mul(ResourceLimits::OUTPUT_PATIENCE) {
            flood.cancel();
        }
    }
    kept.into_captured()
}
