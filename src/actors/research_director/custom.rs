//! Analyses that a model writes the code for: each is done in two ways that know nothing of each other, and judged only
//! where both are there.

use kosmos_core::text::python_tokens;
use serde::{Deserialize, Serialize};

use super::state::ResearchState;
use crate::message::{
    Confirmation, CustomPlan, DesignExperiment, ErrorShare, ExperimentTask, ResearchPlan, TestDraft, TestPlan,
};
use crate::policy::statement;
use crate::science::{
    Column, ExperimentId, ExperimentRecord, Hypothesis, HypothesisId, Part, Profile, Role, TestResult, kind,
};

/// Experiments that an analysis needs, its repairs apart.
pub(super) const EXPERIMENTS: u64 = 2;

/// The drafts of the two computations of an analysis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Halves {
    /// Of the first script.
    pub first: Option<Confirmation>,
    /// Of the built-in template, or of the second script.
    pub second: Option<Confirmation>,
}

/// Which of the two ways a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    First,
    Second,
    Template,
}

impl Way {
    fn of(request: &DesignExperiment) -> Option<Self> {
        match &request.task {
            ExperimentTask::Custom(plan) if plan.author == 1 => Some(Self::First),
            ExperimentTask::Custom(_) => Some(Self::Second),
            ExperimentTask::Tests(plan) if plan.confirms => Some(Self::Template),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::First => "the first script",
            Self::Second => "the second script",
            Self::Template => "the built-in template",
        }
    }
}

/// The two requests for an analysis; one where it is known beforehand that its numbers could not be trusted, so that
/// it is registered and the reason told; none where it has no protocol.
pub(super) fn custom_design_requests(
    plan: &ResearchPlan,
    state: &ResearchState,
    hypothesis: &Hypothesis,
    share: ErrorShare,
    tests: impl Fn(&Hypothesis) -> Option<TestPlan>,
) -> Option<Vec<DesignExperiment>> {
    let analysis = hypothesis.analysis.as_ref()?;
    let dataset = state.dataset_named(&hypothesis.dataset)?;
    let profile = dataset.profile.as_ref()?;
    let columns: Vec<Column> = analysis
        .columns
        .iter()
        .map(|name| profile.column_named(name).filter(|column| column.usable).cloned())
        .collect::<Option<_>>()?;
    let template = as_template_test(hypothesis, profile).and_then(|twin| tests(&twin));
    let custom = |author: u32, obstacle: Option<&str>| {
        Some(ExperimentTask::Custom(Box::new(CustomPlan {
            table: dataset.experiment.clone()?,
            table_sha256: state.tables.get(&dataset.name)?.clone(),
            hypothesis: hypothesis.clone(),
            author,
            columns: columns.clone(),
            unit: profile.units.as_ref().map(|unit| unit.column.clone()),
            time: profile.time.as_ref().map(|time| time.column.clone()),
            explore_share: plan.explore_share,
            permutations: plan.permutations,
            error_control: Some(share),
            obstacle: obstacle.map(str::to_owned),
        })))
    };
    let tasks: Vec<Option<ExperimentTask>> = if hypothesis.part != Part::Confirm || !profile.split.possible {
        vec![custom(1, Some("it could not be judged on rows held back"))]
    } else if let Some(tests) = template {
        vec![custom(1, None), Some(ExperimentTask::Tests(Box::new(tests)))]
    } else if profile.units.is_some() {
        // Shuffled rows and two scripts that take rows for independent would agree on what is not so.
        vec![custom(
            1,
            Some("rows repeat a unit, which only the built-in tests take into account"),
        )]
    } else {
        vec![custom(1, None), custom(2, None)]
    };
    let request = |task: ExperimentTask| DesignExperiment {
        cycle: state.cycle,
        arm: hypothesis.arm,
        dataset: dataset.name.clone(),
        seed: plan.seed,
        task,
    };
    tasks.into_iter().map(|task| task.map(request)).collect()
}

/// The hypothesis as the built-in template of its family tests it, under the same id; none where there is no such
/// template, or its columns are not all that the analysis reads.
fn as_template_test(hypothesis: &Hypothesis, profile: &Profile) -> Option<Hypothesis> {
    let analysis = hypothesis.analysis.as_ref()?;
    let family = analysis.family.as_deref()?;
    let role = |name: &str| {
        profile
            .column_named(name)
            .filter(|column| column.usable)
            .map(|column| column.role)
    };
    let (x, y) = (role(&hypothesis.x)?, role(&hypothesis.y)?);
    let grouped = |role: Role| matches!(role, Role::Binary | Role::Categorical);
    let outcome = matches!(y, Role::Numeric | Role::Binary);
    let third = hypothesis.by.as_deref().map(role);
    let fits = match family {
        kind::NUMERIC_NUMERIC => x == Role::Numeric && y == Role::Numeric,
        kind::GROUP_NUMERIC => grouped(x) && y == Role::Numeric,
        kind::CATEGORICAL_CATEGORICAL => grouped(x) && grouped(y),
        kind::NUMERIC_BINARY => x == Role::Numeric && y == Role::Binary,
        kind::ADJUSTED => outcome && !hypothesis.covariates.is_empty(),
        kind::STRATIFIED | kind::INTERACTION => outcome && third.flatten().is_some(),
        kind::DOSE_RESPONSE => outcome && x == Role::Numeric,
        _ => false,
    };
    let mut named: Vec<&str> = [hypothesis.x.as_str(), hypothesis.y.as_str()]
        .into_iter()
        .chain(hypothesis.covariates.iter().map(String::as_str))
        .chain(hypothesis.by.as_deref())
        .collect();
    let mut read: Vec<&str> = analysis.columns.iter().map(String::as_str).collect();
    named.sort_unstable();
    read.sort_unstable();
    read.dedup();
    if !fits || named != read || hypothesis.x == hypothesis.y {
        return None;
    }
    let mut twin = Hypothesis {
        kind: family.to_owned(),
        analysis: None,
        ..hypothesis.clone()
    };
    twin.statement = statement(&twin);
    Some(twin)
}

impl ResearchState {
    /// Takes in what one way to an analysis gave; with both there, it can be judged.
    pub(super) fn take_custom_draft(
        &mut self,
        record: &ExperimentRecord,
        hypothesis: &Hypothesis,
        index: usize,
        result: &TestResult,
    ) {
        let Some((way, statement)) = self.requests.get(&record.id).and_then(|request| {
            let statement = match &request.task {
                ExperimentTask::Tests(plan) => plan.hypotheses.first().map(|twin| twin.statement.clone()),
                _ => None,
            };
            Some((Way::of(request)?, statement))
        }) else {
            return;
        };
        let half = Confirmation {
            experiment: record.id.clone(),
            script_sha256: record.script_sha256.clone(),
            result_sha256: record.result_sha256.clone().unwrap_or_default(),
            index,
            result: result.clone(),
            written_by: record.written_by.clone(),
            by_template: way == Way::Template,
            same_code: false,
            statement,
        };
        let halves = self.current.halves.entry(hypothesis.id.clone()).or_default();
        match way {
            Way::First => halves.first = Some(half),
            Way::Second | Way::Template => halves.second = Some(half),
        }
        self.pair_custom_drafts(&hypothesis.id);
    }

    fn pair_custom_drafts(&mut self, id: &HypothesisId) {
        let both = |halves: &Halves| Some((halves.first.clone()?, halves.second.clone()?));
        let Some((first, mut second)) = self.current.halves.get(id).and_then(both) else {
            return;
        };
        second.same_code = match (self.code_of(&first.experiment), self.code_of(&second.experiment)) {
            (Some(one), Some(other)) => python_tokens(one) == python_tokens(other),
            _ => false,
        };
        let Some(hypothesis) = self.hypotheses.get(id).cloned() else {
            return;
        };
        let draft = TestDraft {
            hypothesis,
            experiment: first.experiment,
            script_sha256: first.script_sha256,
            result_sha256: first.result_sha256,
            index: first.index,
            result: first.result,
            written_by: first.written_by,
            confirmation: Some(Box::new(second)),
        };
        self.current.halves.remove(id);
        self.current.open.remove(id);
        self.current.drafts.insert(id.clone(), draft);
    }

    /// The code that a model wrote for an experiment.
    fn code_of(&self, experiment: &ExperimentId) -> Option<&str> {
        self.experiments
            .get(experiment)?
            .protocol
            .parameters
            .get("code")?
            .as_str()
    }

    /// A reason with the way that it speaks of, where there are two.
    pub(super) fn reason_with_way(&self, request: Option<&DesignExperiment>, reason: &str) -> String {
        match request.and_then(Way::of) {
            Some(way) if !reason.starts_with(way.name()) => format!("{}: {reason}", way.name()),
            _ => reason.to_owned(),
        }
    }

    /// Repairs of a script for this request, at most.
    pub(super) fn repairs_allowed(&self, request: Option<&DesignExperiment>) -> u32 {
        let Some(plan) = &self.plan else { return 0 };
        match request.map(|request| &request.task) {
            Some(ExperimentTask::Custom(_)) => plan.model.as_ref().map_or(0, |model| model.max_repairs),
            _ => plan.max_repairs,
        }
    }

    /// Whether nothing waits for a script any more: the other way to its analysis has failed.
    pub(super) fn is_settled(&self, hypotheses: &[HypothesisId]) -> bool {
        !hypotheses.is_empty() && hypotheses.iter().all(|id| !self.current.open.contains(id))
    }
}
