//! The published schemas of the files that a run leaves, in `schema/`.

use std::{env, fs};

use serde_json::Value;

use crate::repository_path;

/// The variable that has [`assert_schema_is_published`] write the schema instead.
const WRITE: &str = "KOSMOS_WRITE_SCHEMAS";

/// Asserts that a schema is the published one of that name.
pub fn assert_schema_is_published(name: &str, schema: &Value) {
    let path = repository_path(&format!("schema/{name}"));
    let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
    if env::var_os(WRITE).is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == text,
        "schema/{name} is not that of the types; with {WRITE}=1 this test writes it"
    );
}

/// Asserts that a `findings.json` is of the published schema of its version.
pub fn assert_findings_are_valid(findings: &Value) {
    let version = &findings["schema_version"];
    let path = repository_path(&format!("schema/findings-{version}.json"));
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(findings)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
