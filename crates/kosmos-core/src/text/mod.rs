//! Texts as people read and write them: sizes, durations, foreign text made safe for a terminal, and code compared
//! whatever its form.

mod byte_size;
mod duration;
mod printable;
mod python;

pub use byte_size::{ByteSize, ParseSizeError};
pub use duration::{HumanDuration, ParseDurationError};
pub use printable::{printable, printable_lines};
pub use python::python_tokens;
