//! Deciding what counts as found: error control over the run, replication, and the words for it.
//!
//! Statistics of data are computed by scripts in the sandbox; here their p-values are combined.

mod agreement;
mod benjamini_hochberg;
mod calibration;
mod describe;
mod holm;
mod judge;
mod shares;
mod wording;

pub use benjamini_hochberg::step_up;
pub use calibration::{BaseCopies, CopiesVerdict, judge_by_copies};
pub use holm::holm_adjusted;
pub use judge::{Judgement, judge};
pub use shares::{run_rate, tier_alpha};
pub use wording::wording;
