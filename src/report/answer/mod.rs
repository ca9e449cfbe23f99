//! The answer to the question, with relations and tables, as `findings.json` has them.
//!
//! | file | does |
//! |---|---|
//! | `effect` | gives effects in the units of their columns |
//! | `reconcile` | makes one relation of all tests of two columns |
//! | `sentence` | says a relation in a sentence |
//! | `reply` | answers the question from its relations |
//! | `tables` | describes the tables as they were read |

mod effect;
mod reconcile;
mod reply;
mod sentence;
mod tables;
#[cfg(test)]
mod tests;

pub(super) use effect::effect_in_units;
pub(super) use reconcile::reconcile_relations;
pub(super) use reply::{Reply, answer_question, read_question, reasons_of_question};
pub(super) use tables::describe_tables;

use super::Dossier;

/// The answer to the run's question.
pub(super) fn reply_to(dossier: &Dossier) -> Reply {
    answer_question(dossier, read_question(dossier).as_ref(), &reconcile_relations(dossier))
}
