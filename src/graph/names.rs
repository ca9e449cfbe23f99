//! Ids of nodes that follow from their content.

use crate::science::{ClaimId, ExperimentId, HypothesisId, RunId, sha256_hex};

/// The run of that name.
pub fn run(run: &RunId) -> String {
    format!("run:{run}")
}

/// The question of that text.
pub fn question(text: &str) -> String {
    format!("question:{}", short(text))
}

/// The table whose file has that SHA-256.
pub fn dataset(sha256: &str) -> String {
    format!("dataset:{}", cut(sha256))
}

/// A column of that table.
pub fn variable(dataset_sha256: &str, column: &str) -> String {
    format!("variable:{}:{}", cut(dataset_sha256), short(column))
}

/// What columns of that name are about; neither the case of its letters nor blanks around it matter.
pub fn concept(column: &str) -> String {
    format!("concept:{}", short(&column.trim().to_lowercase()))
}

/// The hypothesis that claims it.
pub fn hypothesis(claim: &ClaimId) -> String {
    format!("hypothesis:{claim}")
}

/// The claim of a hypothesis or of a finding.
pub fn claim_of(id: &str) -> Option<ClaimId> {
    let claim = match id.split_once(':')? {
        ("hypothesis", claim) => claim,
        ("finding", rest) => rest.split_once(':')?.0,
        _ => return None,
    };
    Some(ClaimId::from(claim.to_owned()))
}

/// A script that ran.
pub fn experiment(experiment: &ExperimentId) -> String {
    format!("experiment:{experiment}")
}

/// What it gave for a hypothesis.
pub fn result(experiment: &ExperimentId, hypothesis: &HypothesisId) -> String {
    format!("result:{experiment}:{hypothesis}")
}

/// That the claim holds in the table.
pub fn finding(claim: &ClaimId, dataset_sha256: &str) -> String {
    format!("finding:{claim}:{}", cut(dataset_sha256))
}

/// The publication of that DOI or, where it has none, of that title.
pub fn paper(doi: Option<&str>, title: &str) -> String {
    format!("paper:{}", short(&doi.unwrap_or(title).trim().to_lowercase()))
}

/// The rule book, or the model of that name.
pub fn agent(model: Option<&str>) -> String {
    match model {
        None => "agent:rule_book".to_owned(),
        Some(model) => format!("agent:model:{}", short(model)),
    }
}

/// The first 16 digits of a hash: no two of a lab's tables share them but by a chance of one in 10^10.
fn cut(sha256: &str) -> &str {
    sha256.get(..16).unwrap_or(sha256)
}

fn short(text: &str) -> String {
    cut(&sha256_hex(text)).to_owned()
}
