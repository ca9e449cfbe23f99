//! The content of the report: each file composes one section of the draft.

mod agents;
mod answer;
mod cycles;
mod data;
mod description;
mod effect;
mod experiments;
mod finding;
mod findings;
mod groups_apart;
mod knowledge;
mod ledger;
mod limits;
mod memory;
mod methods;
mod model_use;
mod nulls;
mod reproduce;
mod told;
mod untested;
mod words;

use super::document::{Blocks, Document, Draft};
use super::dossier::Dossier;
use super::name::Name;

pub(crate) use agents::list_agents;
pub(crate) use answer::{answer_paragraphs, headline_line, headline_numbers, opening_paragraphs};
pub(crate) use description::describe_description;
pub(crate) use effect::{describe_effect, interval_in_units, unit_of_column};
pub(crate) use finding::key_numbers;
pub(crate) use told::interpretation_of_finding;
pub(crate) use words::{MOST_NAMED, caveat_explained, count_word, direction_clause, given_clause, relation_line};

/// The whole report.
pub(crate) fn compose_report(dossier: &Dossier) -> Document<Draft> {
    let mut blocks = Blocks::new();
    for section in [
        answer::add_answer_section,
        description::add_descriptions_section,
        told::add_interpretation_section,
        findings::add_findings_section,
        finding::add_finding_sections,
        agents::add_agents_section,
        memory::add_memory_section,
        nulls::add_nulls_section,
        untested::add_untested_section,
        data::add_data_section,
        methods::add_methods_section,
        model_use::add_model_use_section,
        cycles::add_cycles_section,
        ledger::add_ledger_section,
        limits::add_limits_section,
        knowledge::add_knowledge_section,
        experiments::add_experiments_section,
        reproduce::add_reproduce_section,
    ] {
        section(dossier, &mut blocks);
    }
    Document {
        title: Name::new(&*dossier.question),
        blocks,
    }
}
