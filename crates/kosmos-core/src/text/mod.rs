//! Texts as people read and write them: sizes, durations, and foreign text made safe for a terminal.

mod byte_size;
mod duration;
mod printable;

pub use byte_size::{ByteSize, ParseSizeError};
pub use duration::{HumanDuration, ParseDurationError};
pub use printable::{printable, printable_lines};
