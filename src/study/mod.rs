//! The typed values of a study and their own rules, without files, scripts or models.
//!
//! | file | holds |
//! |---|---|
//! | `answer` | the answer to a question |
//! | `codebook` | how tables were read and what their columns mean, as a file to edit and hand back |
//! | `column` | a column as a person knows it: label, unit, levels, type |
//! | `estimate` | how large a relation is |
//! | `inquiry` | a question as a typed value, and the rules that read it |
//! | `join` | how tables belong together |
//! | `relation` | all that was found about one exposure and one outcome |
//! | `structure` | what a column is for, and how the rows of a table depend on each other |
//! | `table` | a table as it was read |

mod answer;
pub mod codebook;
mod column;
mod estimate;
pub mod inquiry;
mod join;
mod relation;
mod structure;
mod table;

pub use answer::{Answer, AnswerReason, AnswerVerdict, ReasonCode};
pub use codebook::{Codebook, CodebookColumn, CodebookTable, DeclaredTable};
pub use column::{ColumnMeaning, LevelMeaning, ValueType};
pub use estimate::{INTERVAL_LEVEL, ReportedEffect, StandardisedEffect};
pub use inquiry::{DeclaredRoles, Inquiry};
pub use join::{JoinAggregate, JoinWay, TableJoin};
pub use relation::{Headline, LevelContrast, Relation, RelationId, RelationVerdict};
pub use structure::{ColumnRole, FactSource, RowsSetAside, StructurePart, TableStructure};
pub use table::{ReportedColumn, ReportedTable};
