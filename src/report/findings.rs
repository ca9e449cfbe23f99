//! `findings.json`.

use std::collections::BTreeMap;

use super::answer::{answer_question, describe_tables, effect_in_units, read_question, reconcile_relations};
use super::dossier::Dossier;
use super::error::ReportError;
use super::order;
use crate::science::{
    AnalysisRecord, DescriptionRecord, Findings, Part, Profile, ReportedTest, RowsDropped, RowsUsed, TestRecord,
};
use crate::study::{LevelContrast, Relation, RelationId};

/// Builds the content of `findings.json`.
pub fn build_findings(dossier: &Dossier) -> Findings {
    let inquiry = read_question(dossier);
    let reconciled = reconcile_relations(dossier);
    let reply = answer_question(dossier, inquiry.as_ref(), &reconciled);
    let relations: Vec<Relation> = reconciled.into_iter().map(|known| known.relation).collect();
    let of_test = relations_by_test(&relations);
    let report = |tests: Vec<&TestRecord>| {
        tests
            .into_iter()
            .map(|test| report_test(dossier, &of_test, test))
            .collect()
    };
    let mut tests: Vec<ReportedTest> = report(order::ordered_tests(dossier));
    tests.extend(
        dossier
            .descriptions
            .iter()
            .map(|described| report_description(dossier, described)),
    );
    tests.sort_by_key(|test| test.record.cycle);
    Findings {
        schema_version: Findings::VERSION,
        run: dossier.run.clone(),
        question: dossier.question.clone(),
        status: dossier.end.status,
        ended_by: dossier.end.ended_by().cloned(),
        answer: reply.answer,
        inquiry,
        tables: describe_tables(dossier),
        findings: report(order::ordered_findings(dossier)),
        tests,
        shuffled_null: dossier.shuffled_null.clone(),
        relations,
    }
}

fn relations_by_test(relations: &[Relation]) -> BTreeMap<&str, &RelationId> {
    let claims = relations
        .iter()
        .flat_map(|relation| relation.claims.iter().map(|claim| (claim.as_str(), &relation.id)));
    claims.collect()
}

fn report_test(dossier: &Dossier, of_test: &BTreeMap<&str, &RelationId>, test: &TestRecord) -> ReportedTest {
    let relation = of_test.get(test.id.as_str()).map(|id| (*id).clone());
    ReportedTest {
        relation: Some(relation.unwrap_or_else(|| RelationId::derive(&test.dataset, &test.x, &test.y, None))),
        analysis: Some(AnalysisRecord::of_test(test, contrast_of_test(dossier, test))),
        effect_units: effect_in_units(dossier, test),
        rows: RowsUsed {
            used: test.n,
            subjects: None,
            dropped: count_dropped_rows(dossier, test),
        },
        // Whatever is chosen by looking at rows is judged on others.
        post_hoc: false,
        record: test.clone(),
        figures: None,
    }
}

/// A description, which belongs to no relation.
fn report_description(dossier: &Dossier, description: &DescriptionRecord) -> ReportedTest {
    let record = TestRecord::from(description);
    ReportedTest {
        relation: None,
        figures: Some(description.figures.clone()),
        ..report_test(dossier, &BTreeMap::new(), &record)
    }
}

/// The two levels that a test compares; none where it compares more, or none.
fn contrast_of_test(dossier: &Dossier, test: &TestRecord) -> Option<LevelContrast> {
    let effect = dossier.units.get(&test.id)?.effect.as_ref()?;
    effect.contrast.clone()
}

/// Rows of the table that a test of all rows could not use; none where it is not known how many the test was given.
fn count_dropped_rows(dossier: &Dossier, test: &TestRecord) -> Option<Vec<RowsDropped>> {
    if test.part != Part::Whole {
        return None;
    }
    let dataset = dossier.datasets.iter().find(|dataset| dataset.name == test.dataset)?;
    let profile: &Profile = dataset.profile.as_ref()?;
    let rows = profile.rows.checked_sub(test.n)?;
    if rows == 0 {
        return Some(Vec::new());
    }
    let columns = [&test.x, &test.y].into_iter().chain(&test.covariates).chain(&test.by);
    let with_gaps: Vec<_> = columns
        .filter_map(|name| profile.column_named(name))
        .filter(|column| column.missing > 0)
        .collect();
    let dropped = match with_gaps.as_slice() {
        [only] if only.missing == rows => RowsDropped {
            reason: "missing".to_owned(),
            column: Some(only.name.clone()),
            rows,
        },
        _ => RowsDropped {
            reason: "incomplete".to_owned(),
            column: None,
            rows,
        },
    };
    Some(vec![dropped])
}

/// The same as the file holds it: indented, with a newline at the end; the same dossier gives the same bytes.
///
/// # Errors
/// Never for a dossier that was read from JSON.
pub(crate) fn findings_json(dossier: &Dossier) -> Result<String, ReportError> {
    let mut json = serde_json::to_string_pretty(&build_findings(dossier))?;
    json.push('\n');
    Ok(json)
}
