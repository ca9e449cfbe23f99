//! Deciding what counts as found: error control over the run, replication, and the words for it.
//!
//! Statistics of data are computed by scripts in the sandbox; here their p-values are combined.

mod agreement;
mod benjamini_hochberg;
mod calibration;
mod family;
mod judge;
mod wording;

pub use benjamini_hochberg::weighted_q_values;
pub use calibration::{BaseCopies, CopiesVerdict, judge_by_copies};
pub use family::family_alpha;
pub use judge::{Judgement, judge};
pub use wording::wording;
