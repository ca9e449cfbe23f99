//! Reading a stream of output, keeping its beginning and its end.

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::sync::CancellationToken;

use crate::{Captured, Limits, capture::Kept};

/// Reads `stream` to its end. Of what goes beyond `limit` bytes the middle is left out, for errors come
/// last. `flood` fires once there is far more, see [`Limits::OUTPUT_PATIENCE`].
pub async fn capture(mut stream: impl AsyncRead + Unpin, limit: u64, flood: CancellationToken) -> Captured {
    let mut kept = Kept::new(limit);
    let mut buffer = vec![0; 1 << 16];
    // An error ends the stream as its end does: what was read is what there is.
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        kept.add(buffer.get(..n).unwrap_or_default());
        if kept.total() > limit.saturating_mul(Limits::OUTPUT_PATIENCE) {
            flood.cancel();
        }
    }
    kept.finish()
}
