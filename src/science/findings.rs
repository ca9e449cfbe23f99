//! `findings.json`: the contract with everything that reads a run.

use std::collections::BTreeMap;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

use super::{
    Adjusted, Assumption, BudgetName, Caveat, DescribedFigure, DescriptionRecord, Detectable, Effect, ExperimentId,
    Hypothesis, HypothesisId, HypothesisKind, Part, RunId, RunStatus, Tier, Variant, Wording, kind,
};
use crate::study::{Answer, Inquiry, LevelContrast, Relation, RelationId, ReportedEffect, ReportedTable};

/// Where a number came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Evidence")]
pub struct FindingEvidence {
    /// The experiment whose folder holds script and result.
    pub experiment: ExperimentId,
    /// Of `script.py`.
    pub script_sha256: String,
    /// Of `result.json`.
    pub result_sha256: String,
    /// JSON pointer into `result.json` to the test; its parts are below it.
    pub locator: String,
}

/// A group's mean, or its rate of `y_level`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupValue {
    /// The level of the group.
    pub level: String,
    /// Rows of the group.
    pub n: u64,
    /// The mean or rate of the group.
    pub value: Option<f64>,
}

/// The test on one part of the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PartResult {
    /// Complete rows used.
    pub n: u64,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// The effect size with its interval.
    pub effect: Option<Effect>,
    /// `+`, `-`, or the level with the larger mean or rate.
    pub direction: Option<String>,
}

/// One test of a run, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TestRecord {
    /// The hypothesis's id.
    pub id: HypothesisId,
    /// The table.
    pub dataset: String,
    /// The cycle that tested it, from 1.
    pub cycle: u32,
    /// One sentence.
    pub statement: String,
    /// The hypothesis that it follows up.
    pub parent: Option<HypothesisId>,
    /// The explaining column.
    pub x: String,
    /// The outcome column.
    pub y: String,
    /// The kind of the hypothesis.
    pub kind: HypothesisKind,
    /// Columns held fixed.
    pub covariates: Vec<String>,
    /// Strata or moderator.
    pub by: Option<String>,
    /// The tier of the error control that judged it; none in runs of version 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// The rows that `p` speaks of.
    pub part: Part,
    /// Dotted name of the test.
    pub test: String,
    /// Why that test.
    pub why: String,
    /// Assumptions of the test, checked.
    pub assumptions: Vec<Assumption>,
    /// Complete rows used.
    pub n: u64,
    /// The test's statistic.
    pub statistic: Option<f64>,
    /// Two-sided.
    pub p: f64,
    /// Adjusted for all tests of the run: significant where `q` is at most the run's alpha.
    pub q: f64,
    /// The effect size with its interval.
    pub effect: Effect,
    /// `+`, `-`, or the level with the larger mean or rate.
    pub direction: Option<String>,
    /// The meaning of its directions in words, by `+` and `-`; empty where that follows from the kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub directions: BTreeMap<String, String>,
    /// The direction that was predicted before the test.
    pub predicted: Option<String>,
    /// Means or rates, largest first.
    pub groups: Option<Vec<GroupValue>>,
    /// The level that direction and rates speak of.
    pub y_level: Option<String>,
    /// After run-wide control.
    pub significant: bool,
    /// Whether both parts of the rows show it; null where there are too few rows to split.
    pub replicated: Option<bool>,
    /// On the explore part.
    pub explore: Option<PartResult>,
    /// On the rows held back.
    pub confirm: Option<PartResult>,
    /// The same question by other methods.
    pub variants: Vec<Variant>,
    /// With one other column held fixed at a time; only where `p` is below 0.05.
    pub adjusted: Vec<Adjusted>,
    /// Fixed words, sorted.
    pub caveats: Vec<Caveat>,
    /// The subject of a caveat.
    pub caveat_notes: BTreeMap<Caveat, String>,
    /// Minimum detectable effect.
    pub mde: Option<Detectable>,
    /// The wording of the verdict.
    pub wording: Wording,
    /// The model that proposed it; none where the rule book did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<String>,
    /// The place of the numbers.
    pub evidence: FindingEvidence,
    /// The second, independent way to the numbers of an analysis that a model wrote the code for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<FindingEvidence>,
}

/// The significant tests that agents have removed from the findings, by the agent whose veto came first.
pub fn list_vetoes<'r>(tests: impl IntoIterator<Item = &'r TestRecord>) -> BTreeMap<String, Vec<HypothesisId>> {
    let mut vetoes: BTreeMap<String, Vec<HypothesisId>> = BTreeMap::new();
    for test in tests {
        if test.significant
            && let Some(agent) = test.caveat_notes.get(&Caveat::Vetoed)
        {
            vetoes.entry(agent.clone()).or_default().push(test.id.clone());
        }
    }
    vetoes
}

impl TestRecord {
    /// Whether it is reported as a finding.
    pub fn is_finding(&self) -> bool {
        self.significant && !self.caveats.contains(&Caveat::Vetoed)
    }

    /// Whether it says that a relation depends on a third column, which is in `by`.
    pub fn is_interaction(&self) -> bool {
        self.by.is_some() && matches!(self.kind.as_str(), kind::INTERACTION | kind::DESIGNED)
    }

    /// Adds a caveat, with a note unless that is empty; the first note stays.
    pub fn add_caveat(&mut self, caveat: Caveat, note: &str) {
        if let Err(place) = self.caveats.binary_search(&caveat) {
            self.caveats.insert(place, caveat.clone());
        }
        if !note.is_empty() {
            self.caveat_notes.entry(caveat).or_insert_with(|| note.to_owned());
        }
    }

    /// The order of findings: replicated ones first, then by q, p and id.
    pub fn finding_order(&self, other: &Self) -> std::cmp::Ordering {
        let replicated = |record: &Self| record.replicated == Some(true);
        replicated(other)
            .cmp(&replicated(self))
            .then(self.q.total_cmp(&other.q))
            .then(self.p.total_cmp(&other.p))
            .then_with(|| self.id.cmp(&other.id))
    }

    /// The order of tests: by cycle, then q, p and id.
    pub fn test_order(&self, other: &Self) -> std::cmp::Ordering {
        self.cycle
            .cmp(&other.cycle)
            .then(self.q.total_cmp(&other.q))
            .then(self.p.total_cmp(&other.p))
            .then_with(|| self.id.cmp(&other.id))
    }
}

impl From<&DescriptionRecord> for TestRecord {
    /// A description in the words of a test. It has neither p nor q: both are NaN, which is null in JSON.
    fn from(description: &DescriptionRecord) -> Self {
        let first = description.figures.first();
        Self {
            id: description.id.clone(),
            dataset: description.dataset.clone(),
            cycle: description.cycle,
            statement: description.statement.clone(),
            parent: None,
            x: description.column.clone(),
            y: description.column.clone(),
            kind: kind::DESCRIBE.to_owned(),
            covariates: description.of.iter().cloned().collect(),
            by: description.by.clone(),
            tier: None,
            part: Part::Whole,
            test: description.method.clone(),
            why: description.why.clone(),
            assumptions: Vec::new(),
            n: description.n,
            statistic: None,
            p: f64::NAN,
            q: f64::NAN,
            effect: Effect {
                name: first.map_or_else(String::new, |figure| figure.name.clone()),
                value: first.and_then(|figure| figure.value),
                ci_low: first.and_then(|figure| figure.ci_low),
                ci_high: first.and_then(|figure| figure.ci_high),
            },
            direction: None,
            directions: BTreeMap::new(),
            predicted: None,
            groups: None,
            y_level: first.and_then(|figure| figure.level.clone()),
            significant: false,
            replicated: None,
            explore: None,
            confirm: None,
            variants: Vec::new(),
            adjusted: Vec::new(),
            caveats: description.caveats.clone(),
            caveat_notes: description.caveat_notes.clone(),
            mde: None,
            wording: Wording::Description,
            proposed_by: None,
            evidence: description.evidence.clone(),
            confirmed_by: None,
        }
    }
}

/// A hypothesis that was registered and could not be judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Untested {
    /// The hypothesis's id.
    pub id: HypothesisId,
    /// The table's name.
    pub dataset: String,
    /// The cycle, from 1.
    pub cycle: u32,
    /// The statement in a sentence.
    pub statement: String,
    /// The kind of the hypothesis.
    pub kind: HypothesisKind,
    /// The explaining column.
    pub x: String,
    /// The outcome column.
    pub y: String,
    /// The reason.
    pub reason: String,
    /// The experiment's id.
    pub experiment: Option<ExperimentId>,
}

/// The result of the same research on shuffled columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShuffledNull {
    /// Tests made.
    pub tests: u64,
    /// Tests significant after run-wide control: all of them false.
    pub findings: u64,
}

/// The analysis behind a test; null for what is not recorded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisRecord {
    /// SHA-256 of the view that it reads.
    pub view: Option<String>,
    /// The formula of its model.
    pub formula: Option<String>,
    /// Its family: the kind of the test.
    pub family: Option<String>,
    /// The distribution of the outcome.
    pub distribution: Option<String>,
    /// The estimand.
    pub estimand: Option<String>,
    /// The levels that it compares.
    pub contrast: Option<LevelContrast>,
    /// The standard errors that it is judged by.
    pub se: Option<String>,
    /// Dotted name of the test.
    pub method: Option<String>,
}

impl AnalysisRecord {
    /// The analysis behind a test that compares the levels of `contrast`.
    pub fn of_test(test: &TestRecord, contrast: Option<LevelContrast>) -> Self {
        Self {
            family: Some(test.kind.clone()),
            estimand: Some(test.effect.name.clone()),
            contrast,
            method: (!test.test.is_empty()).then(|| test.test.clone()),
            ..Self::default()
        }
    }

    /// The analysis that a hypothesis plans. The test, and with it what it estimates, is chosen by looking at the columns.
    pub fn of_hypothesis(hypothesis: &Hypothesis) -> Self {
        Self {
            family: Some(hypothesis.kind.clone()),
            ..Self::default()
        }
    }
}

/// Rows that a test could not use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowsDropped {
    /// Why: `missing` for rows without a value in `column`, `incomplete` where it is not known which column it was.
    pub reason: String,
    /// The column, where it is one.
    pub column: Option<String>,
    /// How many rows.
    pub rows: u64,
}

/// The rows of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowsUsed {
    /// Rows that it used.
    pub used: u64,
    /// Units of observation among them; null where they were not counted.
    pub subjects: Option<u64>,
    /// Rows that it could not use; null where they were not counted.
    pub dropped: Option<Vec<RowsDropped>>,
}

/// A test as `findings.json` has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Test", transform = allow_missing_probabilities)]
pub struct ReportedTest {
    /// The words of version 1.
    #[serde(flatten)]
    pub record: TestRecord,
    /// The relation that it belongs to; null for a description.
    pub relation: Option<RelationId>,
    /// The analysis behind it.
    pub analysis: Option<AnalysisRecord>,
    /// The effect in the units of the outcome; null where it was not computed.
    pub effect_units: Option<ReportedEffect>,
    /// Its rows.
    pub rows: RowsUsed,
    /// Whether it was chosen after the rows that judge it had been seen.
    pub post_hoc: bool,
    /// The figures of a description, all rows first; null for a test.
    pub figures: Option<Vec<DescribedFigure>>,
}

/// A description has neither p nor q.
fn allow_missing_probabilities(schema: &mut schemars::Schema) {
    let properties = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut);
    let Some(properties) = properties else { return };
    for name in ["p", "q"] {
        if let Some(property) = properties.get_mut(name).and_then(serde_json::Value::as_object_mut) {
            property.insert("type".to_owned(), serde_json::json!(["number", "null"]));
        }
    }
}

/// `findings.json`, version 2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Findings {
    /// 2.
    pub schema_version: u32,
    /// The run's id.
    pub run: RunId,
    /// The question as the user asked it.
    pub question: String,
    /// The state that the run ended in.
    pub status: RunStatus,
    /// The budget that ended the run; null where none did.
    pub ended_by: Option<BudgetName>,
    /// The question as it was read; null where no table could be.
    pub inquiry: Option<Inquiry>,
    /// The answer.
    pub answer: Answer,
    /// All tests by what they are about: those relations that were asked for, then the others by relevance.
    pub relations: Vec<Relation>,
    /// The tables as they were read.
    pub tables: Vec<ReportedTable>,
    /// The significant tests by the relevance of their relation; of one relevance replicated first, then by q, p and
    /// id.
    pub findings: Vec<ReportedTest>,
    /// All tests, by cycle, then q, p and id.
    pub tests: Vec<ReportedTest>,
    /// Null when the run made no shuffled run.
    pub shuffled_null: Option<ShuffledNull>,
}

impl Findings {
    /// The version of the contract.
    pub const VERSION: u32 = 2;

    /// The JSON Schema of the file (2020-12): `schema/findings-2.json`.
    pub fn schema() -> schemars::Schema {
        SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use kosmos_testing::schema::assert_schema_is_published;

    use super::*;

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let schema = Findings::schema().to_value();
        assert_schema_is_published("findings-2.json", &schema);
        let p = &schema["$defs"]["Test"]["properties"]["p"];
        assert_eq!(p["type"], serde_json::json!(["number", "null"]));
        let required = schema["required"].as_array().unwrap();
        for key in ["inquiry", "answer", "relations", "tables", "ended_by", "shuffled_null"] {
            assert!(required.contains(&key.into()), "{key}");
        }
    }
}
