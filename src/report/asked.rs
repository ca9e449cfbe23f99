//! Columns that were asked about and took part in no test, with the reason.

use std::collections::BTreeSet;

use super::dossier::Dossier;
use crate::policy::{AskedState, heuristic::Interest};
use crate::science::{Column, ColumnFault, Profile};

/// A column of the question that no test says anything about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AskedColumn {
    /// The column's name.
    pub(crate) name: String,
    /// Why it was not tested, in a phrase.
    pub(crate) reason: String,
    /// The remedy, in a sentence without its point.
    pub(crate) remedy: Option<String>,
}

/// A relation that was asked for by name and cannot be tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AskedRelation<'d> {
    /// The exposure, or the first of two.
    pub(crate) x: &'d str,
    /// The outcome, or the second of two.
    pub(crate) y: &'d str,
    /// Why it was not tested.
    pub(crate) reason: &'d str,
}

/// The relations that were asked for and cannot be tested, for another reason than one of their columns.
pub(crate) fn relations_not_tested(dossier: &Dossier) -> Vec<AskedRelation<'_>> {
    let columns = columns_not_tested(dossier);
    let told = |name: &str| columns.iter().any(|column| column.name == name);
    let mut relations: Vec<AskedRelation<'_>> = Vec::new();
    for part in &dossier.asked {
        if let (Some((x, y)), AskedState::Untestable(reason)) = (part.relation(), &part.state)
            && !told(x)
            && !told(y)
        {
            let reason = reason.text.as_str();
            relations.push(AskedRelation { x, y, reason });
        }
    }
    relations
}

/// The target and the columns that the question names, as far as no test has them: in the order of the tables.
///
/// Columns that earlier runs of a project have judged are no gap of this run.
pub(crate) fn columns_not_tested(dossier: &Dossier) -> Vec<AskedColumn> {
    let settled = dossier.memory.iter().flat_map(|memory| &memory.settled);
    let settled: BTreeSet<&str> = settled.flat_map(|known| [&*known.x, &*known.y]).collect();
    let mut asked: Vec<AskedColumn> = Vec::new();
    for dataset in &dossier.datasets {
        let Some(profile) = dataset.profile.as_ref().filter(|profile| profile.problem.is_none()) else {
            continue;
        };
        let interest = Interest::of(&dossier.question, dossier.declared_roles(), profile);
        let tested = tested_columns(dossier, &dataset.name);
        let left = profile.columns.iter().filter(|column| {
            let name = column.name.as_str();
            let named = interest.is_target(name) || interest.mentioned.contains(name);
            named && !tested.contains(name) && !settled.contains(name) && !structures_rows(profile, name)
        });
        asked.extend(left.map(|column| {
            // The words of the error that a flag would get.
            let fault = ColumnFault::of(profile, column).filter(|_| !column.usable);
            let (reason, remedy) = match fault {
                Some(fault) => (fault.reason, fault.remedy),
                None => (reason_of(dossier, profile, column), None),
            };
            AskedColumn {
                name: column.name.clone(),
                reason,
                remedy,
            }
        }));
    }
    // Of several tables with such a column, one may have tested it.
    let tested: BTreeSet<&str> = dossier
        .datasets
        .iter()
        .flat_map(|dataset| tested_columns(dossier, &dataset.name))
        .collect();
    let mut told = BTreeSet::new();
    asked.retain(|column| !tested.contains(&*column.name) && told.insert(column.name.clone()));
    asked
}

/// Every column that a judged test of the table depends on.
fn tested_columns<'a>(dossier: &'a Dossier, dataset: &str) -> BTreeSet<&'a str> {
    let tests = dossier.tests.iter().filter(|test| test.dataset == dataset);
    let described = dossier.descriptions.iter().filter(|known| known.dataset == dataset);
    let described = described.flat_map(|known| std::iter::once(&known.column).chain(&known.by).chain(&known.of));
    tests
        .flat_map(|test| {
            [&test.x, &test.y]
                .into_iter()
                .chain(&test.covariates)
                .chain(&test.by)
                .map(String::as_str)
        })
        .chain(described.map(String::as_str))
        .collect()
}

/// Whether the column says which unit or moment a row belongs to, or tells an event from the end of watching.
fn structures_rows(profile: &Profile, name: &str) -> bool {
    let columns = profile.units.iter().chain(&profile.time).map(|found| &*found.column);
    let events = profile.survival.iter().map(|found| &*found.event);
    let units = profile.paired.iter().filter_map(|pair| pair.unit.as_deref());
    columns.chain(events).chain(units).any(|column| column == name)
}

fn reason_of(dossier: &Dossier, profile: &Profile, column: &Column) -> String {
    let about = |x: &str, y: &str| x == column.name || y == column.name;
    if let Some(untested) = dossier.untested.iter().find(|test| about(&test.x, &test.y)) {
        return untested.reason.clone();
    }
    if !profile
        .columns
        .iter()
        .any(|other| other.usable && other.name != column.name)
    {
        return "the table has no other column that can be tested".to_owned();
    }
    if let Some(pair) = profile.tautologies.iter().find(|pair| about(&pair.x, &pair.y)) {
        let other = if pair.x == column.name { &pair.y } else { &pair.x };
        return format!(
            "no test of it was carried out; with {other} none is made: {}",
            pair.reason
        );
    }
    "no test of it was carried out".to_owned()
}
