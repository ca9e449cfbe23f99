//! Ids of nodes that follow from their content.

use crate::science::{ClaimId, ExperimentId, HypothesisId, RunId, sha256_hex};

/// The run of that name.
pub fn run_node_id(run: &RunId) -> String {
    format!("run:{run}")
}

/// The question of that text.
pub fn question_node_id(text: &str) -> String {
    format!("question:{}", short_text_hash(text))
}

/// The table whose file has that SHA-256.
pub fn dataset_node_id(sha256: &str) -> String {
    format!("dataset:{}", short_hash(sha256))
}

/// A column of that table.
pub fn variable_node_id(dataset_sha256: &str, column: &str) -> String {
    format!("variable:{}:{}", short_hash(dataset_sha256), short_text_hash(column))
}

/// The concept of the columns of a name; the case of its letters and surrounding blanks do not matter.
pub fn concept_node_id(column: &str) -> String {
    format!("concept:{}", short_text_hash(&column.trim().to_lowercase()))
}

/// The hypothesis that claims it.
pub fn hypothesis_node_id(claim: &ClaimId) -> String {
    format!("hypothesis:{claim}")
}

/// The analysis that tests it.
pub fn analysis_node_id(claim: &ClaimId) -> String {
    format!("analysis:{claim}")
}

/// The relation of two columns by their names, whichever comes first; their case and surrounding blanks do not matter.
pub fn relation_node_id(columns: [&str; 2]) -> String {
    let mut names = columns.map(|column| column.trim().to_lowercase());
    names.sort();
    format!("relation:{}", short_text_hash(&serde_json::json!(names).to_string()))
}

/// The claim of a hypothesis, an analysis or a finding.
pub fn claim_of_node(id: &str) -> Option<ClaimId> {
    let claim = match id.split_once(':')? {
        ("hypothesis" | "analysis", claim) => claim,
        ("finding", rest) => rest.split_once(':')?.0,
        _ => return None,
    };
    claim.parse().ok()
}

/// A script that ran.
pub fn experiment_node_id(experiment: &ExperimentId) -> String {
    format!("experiment:{experiment}")
}

/// The result of an experiment for a hypothesis.
pub fn result_node_id(experiment: &ExperimentId, hypothesis: &HypothesisId) -> String {
    format!("result:{experiment}:{hypothesis}")
}

/// That the claim holds in the table.
pub fn finding_node_id(claim: &ClaimId, dataset_sha256: &str) -> String {
    format!("finding:{claim}:{}", short_hash(dataset_sha256))
}

/// The publication of that DOI or, where it has none, of that title.
pub fn paper_node_id(doi: Option<&str>, title: &str) -> String {
    format!("paper:{}", short_text_hash(&doi.unwrap_or(title).trim().to_lowercase()))
}

/// The rule book, or the model of that name.
pub fn agent_node_id(model: Option<&str>) -> String {
    match model {
        None => "agent:rule_book".to_owned(),
        Some(model) => format!("agent:model:{}", short_text_hash(model)),
    }
}

/// The first 16 digits of a hash: no two of a lab's tables share them but by a chance of one in 10^10.
fn short_hash(sha256: &str) -> &str {
    sha256.get(..16).unwrap_or(sha256)
}

fn short_text_hash(text: &str) -> String {
    short_hash(&sha256_hex(text)).to_owned()
}
