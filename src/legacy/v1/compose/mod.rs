//! The sections of the report: each file composes one section of the draft.

mod agents;
mod answer;
mod cycles;
mod data;
mod experiments;
mod finding;
mod findings;
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

use crate::report::Dossier;
use crate::report::document::{Blocks, Document, Draft};
use crate::report::name::Name;

pub(crate) use answer::{headline, opening};
pub(crate) use finding::key_numbers;
pub(crate) use told::of_finding;
pub(crate) use words::relation;

/// The whole report.
pub(crate) fn report(dossier: &Dossier) -> Document<Draft> {
    let mut blocks = Blocks::new();
    for section in [
        answer::section,
        told::section,
        findings::section,
        finding::sections,
        agents::section,
        memory::section,
        nulls::section,
        untested::section,
        data::section,
        methods::section,
        model_use::section,
        cycles::section,
        ledger::section,
        limits::section,
        knowledge::section,
        experiments::section,
        reproduce::section,
    ] {
        section(dossier, &mut blocks);
    }
    Document {
        title: Name::new(&*dossier.question),
        blocks,
    }
}
