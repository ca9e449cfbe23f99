//! The typed values of a study and their own rules, without files, scripts or models.
//!
//! | file | holds |
//! |---|---|
//! | `column` | a column as a person knows it: label, unit, levels, type |
//! | `inquiry` | a question as a typed value, and the rules that read it |

mod column;
pub mod inquiry;

pub use column::{ColumnMeaning, LevelMeaning, ValueType};
pub use inquiry::Inquiry;
