//! The files that say how the run's tables were read and joined: `codebook.toml` and `views/<sha256>.sql`.

use kosmos_core::{plain_path::PlainPath, run_files};
use serde_json::Value;

use super::dossier::Dossier;
use crate::science::{DatasetRecord, sha256_hex};
use crate::study::{Codebook, CodebookTable, FactSource, StructurePart, codebook::CODEBOOK_VERSION};

/// The contents of the files, with their places in the run's folder.
pub fn render_table_files(dossier: &Dossier) -> Vec<(PlainPath, String)> {
    let query = |dataset: &DatasetRecord| {
        let query = dataset.profile.as_ref()?.source.get("view").and_then(Value::as_str)?;
        let file = format!("{}.sql", sha256_hex(query));
        Some((PlainPath::of(run_files::VIEWS).join_id(file), query.to_owned()))
    };
    let queries = dossier
        .datasets
        .iter()
        .filter(|dataset| !dataset.joined.is_empty())
        .filter_map(query);
    std::iter::once((PlainPath::of(run_files::CODEBOOK), render_codebook(dossier)))
        .chain(queries)
        .collect()
}

/// The codebook of the run's tables, as far as they were read.
fn render_codebook(dossier: &Dossier) -> String {
    let tables = dossier
        .datasets
        .iter()
        .filter_map(|dataset| describe_table(dataset, dossier));
    let codebook = Codebook {
        version: CODEBOOK_VERSION,
        tables: tables.collect(),
    };
    codebook.to_toml()
}

fn describe_table(dataset: &DatasetRecord, dossier: &Dossier) -> Option<CodebookTable> {
    // A table that was joined has no file that a codebook could describe.
    let profile = dataset.profile.as_ref().filter(|_| dataset.joined.is_empty())?;
    let file = dataset.path.rsplit('/').next().unwrap_or(&dataset.path);
    let mut table = profile.to_codebook(&dataset.name, file, &dataset.sha256);
    let assigned = dossier.method.randomised.iter();
    let assigned: Vec<String> = assigned
        .filter(|name| profile.column_named(name).is_some())
        .cloned()
        .collect();
    if table.structure.assigned.is_none() && !assigned.is_empty() {
        table.structure.assigned = Some(StructurePart {
            columns: assigned,
            source: FactSource::Declared,
            evidence: Some("declared as assigned at random".to_owned()),
            sure: None,
        });
    }
    Some(table)
}
