//! The tables as they were read.

use crate::report::{Dossier, order::Relevance};
use crate::science::{Column, DatasetRecord, Profile};
use crate::study::{ColumnRole, FactSource, ReportedColumn, ReportedTable, StructurePart, TableStructure};

/// Describes every table of a run.
pub(in crate::report) fn describe_tables(dossier: &Dossier) -> Vec<ReportedTable> {
    let relevance = Relevance::of(dossier);
    let describe = |dataset: &DatasetRecord| {
        let profile = dataset.profile.as_ref().filter(|profile| profile.problem.is_none());
        ReportedTable {
            name: dataset.name.clone(),
            file_sha256: dataset.sha256.clone(),
            rows_read: None,
            rows: profile.map(|profile| profile.rows),
            columns: profile.map_or_else(Vec::new, |profile| {
                let columns = profile.columns.iter();
                columns
                    .map(|column| describe_column(dossier, &relevance, dataset, profile, column))
                    .collect()
            }),
            set_aside: profile.and_then(Profile::rows_set_aside),
            structure: profile.map_or_else(TableStructure::default, |profile| describe_structure(dossier, profile)),
        }
    };
    dossier.datasets.iter().map(describe).collect()
}

fn describe_column(
    dossier: &Dossier,
    relevance: &Relevance<'_>,
    dataset: &DatasetRecord,
    profile: &Profile,
    column: &Column,
) -> ReportedColumn {
    ReportedColumn {
        name: column.name.clone(),
        value_type: column.value_type,
        unit: column.unit.clone(),
        role: role_of_column(dossier, relevance, dataset, profile, &column.name),
        used: column.usable,
        reason: column.excluded.clone(),
        source: column.source,
    }
}

/// The part of a column in the study: its part in the question before its part in the structure of the rows.
fn role_of_column(
    dossier: &Dossier,
    relevance: &Relevance<'_>,
    dataset: &DatasetRecord,
    profile: &Profile,
    name: &str,
) -> Option<ColumnRole> {
    let inquiry = relevance.interest(&dataset.name).map(|interest| &interest.inquiry);
    let asked = |list: &[String]| list.iter().any(|other| other == name);
    let in_question = inquiry.and_then(|inquiry| {
        [
            (ColumnRole::Outcome, asked(&inquiry.outcomes) && !inquiry.symmetric),
            (ColumnRole::Exposure, asked(&inquiry.exposures) && !inquiry.symmetric),
            (ColumnRole::Covariate, asked(&inquiry.given)),
        ]
        .into_iter()
        .find_map(|(role, has)| has.then_some(role))
    });
    let is = |found: Option<&str>| found == Some(name);
    in_question.or_else(|| {
        [
            (
                ColumnRole::Subject,
                is(profile.units.as_ref().map(|units| &*units.column)),
            ),
            (ColumnRole::Time, is(profile.time.as_ref().map(|time| &*time.column))),
            (
                ColumnRole::Duration,
                profile.survival.iter().any(|pair| pair.duration == name),
            ),
            (
                ColumnRole::Event,
                profile.survival.iter().any(|pair| pair.event == name),
            ),
            (ColumnRole::Assigned, asked(&dossier.method.randomised)),
        ]
        .into_iter()
        .find_map(|(role, has)| has.then_some(role))
    })
}

fn describe_structure(dossier: &Dossier, profile: &Profile) -> TableStructure {
    let mut structure = profile.table_structure();
    let assigned: Vec<String> = profile
        .columns
        .iter()
        .filter(|column| dossier.method.randomised.contains(&column.name))
        .map(|column| column.name.clone())
        .collect();
    if structure.assigned.is_none() && !assigned.is_empty() {
        structure.assigned = Some(StructurePart {
            columns: assigned,
            source: FactSource::Declared,
            evidence: None,
            sure: None,
        });
    }
    structure
}
