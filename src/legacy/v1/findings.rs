//! `findings.json`.

use schemars::JsonSchema;
use serde::Serialize;

use super::order;
use crate::report::{Dossier, ReportError};
use crate::science::{RunId, RunStatus, ShuffledNull, TestRecord};

/// The version of the contract.
const SCHEMA_VERSION: u32 = 1;

/// `findings.json`, version 1.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Findings")]
struct FindingsV1<'d> {
    /// 1.
    schema_version: u32,
    /// The run's id.
    run: &'d RunId,
    /// The question as the user asked it.
    question: &'d str,
    /// The state that the run ended in.
    status: RunStatus,
    /// The significant ones, replicated first, then by q, p and id.
    findings: Vec<&'d TestRecord>,
    /// All, by cycle, then q, p and id.
    tests: Vec<&'d TestRecord>,
    /// Null when the run made no shuffled run.
    shuffled_null: &'d Option<ShuffledNull>,
}

/// The findings of the run as the file holds them: indented, with a newline at the end; the same dossier gives the same
/// bytes.
///
/// # Errors
/// Never for a dossier that was read from JSON.
pub(crate) fn findings_json(dossier: &Dossier) -> Result<String, ReportError> {
    let findings = FindingsV1 {
        schema_version: SCHEMA_VERSION,
        run: &dossier.run,
        question: &dossier.question,
        status: dossier.end.status,
        findings: order::ordered_findings(dossier),
        tests: order::ordered_tests(dossier),
        shuffled_null: &dossier.shuffled_null,
    };
    let mut json = serde_json::to_string_pretty(&findings)?;
    json.push('\n');
    Ok(json)
}

#[cfg(test)]
mod tests {
    use kosmos_testing::schema::assert_schema_is_published;
    use schemars::generate::SchemaSettings;

    use super::*;

    /// Keys of a test that came after version 1; a run of version 1 has none of them.
    const ADDED: [&str; 1] = ["tier"];

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        let schema = settings.into_generator().into_root_schema_for::<FindingsV1<'_>>();
        let mut schema = schema.to_value();
        let test = schema["$defs"]["TestRecord"]["properties"].as_object_mut().unwrap();
        for key in ADDED {
            assert!(test.remove(key).is_some(), "{key}");
        }
        schema["$defs"].as_object_mut().unwrap().remove("Tier");
        assert_schema_is_published("findings-1.json", &schema);
    }
}
