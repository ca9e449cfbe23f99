//! All tests of two columns as one relation with one verdict.

use std::collections::BTreeMap;

use super::effect::{effect_in_units, effect_without_unit};
use super::sentence;
use crate::policy::{AskedPart, AskedState, is_relation_turned};
use crate::report::{
    Dossier,
    document::{Draft, Line, plain_text},
    order::{self, Relevance, adjusted_test, crude_test},
};
use crate::science::{Adjusted, Caveat, HypothesisId, TestRecord, Tier, UnitsEffect, kind};
use crate::study::{Headline, LevelContrast, ReasonCode, Relation, RelationId, RelationVerdict, ReportedEffect};

/// The share of the crude estimate that an adjusted one keeps, below which the relation is weaker.
const WEAKER: f64 = 0.75;

/// The share below which the relation is gone if the interval includes that there is none.
const GONE: f64 = 0.5;

/// What the tests of two columns say.
pub(super) struct Evidence<'d> {
    /// The run.
    pub(super) dossier: &'d Dossier,
    /// The table.
    pub(super) dataset: &'d str,
    /// The exposure.
    pub(super) x: &'d str,
    /// The outcome.
    pub(super) y: &'d str,
    /// Its tests, in their order.
    pub(super) tests: Vec<&'d TestRecord>,
    /// The part of the question, where it is asked for by name.
    pub(super) part: Option<&'d AskedPart>,
    /// The test without other columns.
    pub(super) crude: Option<&'d TestRecord>,
    /// The estimate with other columns held fixed.
    pub(super) adjusted: Option<AdjustedEstimate<'d>>,
}

/// An estimate with other columns held fixed.
pub(super) struct AdjustedEstimate<'d> {
    /// The columns.
    pub(super) given: Vec<&'d str>,
    /// The test that gave it; none where it is a check of another one.
    pub(super) test: Option<&'d TestRecord>,
    /// The estimate without a unit.
    standardised: ReportedEffect,
    /// Whether it passed the error control; none where it is no test of its own.
    found: Option<bool>,
    reverses: bool,
    explains_away: bool,
}

/// A relation, and the sentence about it with the evidence of its numbers.
pub(in crate::report) struct Reconciled {
    /// The relation.
    pub(in crate::report) relation: Relation,
    /// Its sentence.
    pub(in crate::report) told: Line<Draft>,
    /// The test that the sentence tells; none where there is none.
    pub(in crate::report) leading: Option<HypothesisId>,
}

/// The relations of a run: those that are asked for in the order of the question, then the others by relevance, found
/// ones first, then by the q of their strongest test.
pub(in crate::report) fn reconcile_relations(dossier: &Dossier) -> Vec<Reconciled> {
    let relevance = Relevance::of(dossier);
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&TestRecord>> = BTreeMap::new();
    for test in order::ordered_tests(dossier) {
        let (x, y) = orient(dossier, &relevance, test);
        groups.entry((&test.dataset, x, y)).or_default().push(test);
    }
    let mut relations = Vec::new();
    for part in &dossier.asked {
        let Some((x, y)) = part.relation() else { continue };
        let tests = groups.remove(&(part.dataset.as_str(), x, y)).unwrap_or_default();
        // Earlier runs have judged it, and their report tells it.
        if tests.is_empty() && part.state == AskedState::Tested {
            continue;
        }
        let evidence = Evidence::of(dossier, (&part.dataset, x, y), tests, Some(part));
        relations.push(evidence.into_relation(1.0));
    }
    let mut others: Vec<(f64, Reconciled)> = groups
        .into_iter()
        .map(|(about, tests)| {
            let strongest = tests.iter().map(|test| test.q).fold(f64::INFINITY, f64::min);
            let relevance = relevance.of_relation(about.0, about.1, about.2);
            let relation = Evidence::of(dossier, about, tests, None).into_relation(relevance);
            (strongest, relation)
        })
        .collect();
    others.sort_by(|(q_a, a), (q_b, b)| {
        let (a, b) = (&a.relation, &b.relation);
        b.relevance
            .total_cmp(&a.relevance)
            .then(b.verdict.is_found().cmp(&a.verdict.is_found()))
            .then(q_a.total_cmp(q_b))
            .then_with(|| a.id.cmp(&b.id))
    });
    relations.extend(others.into_iter().map(|(_, relation)| relation));
    relations
}

/// Exposure and outcome of a test: as the question has them, else in the order of the table's columns.
fn orient<'d>(dossier: &'d Dossier, relevance: &Relevance<'_>, test: &'d TestRecord) -> (&'d str, &'d str) {
    let (x, y) = (test.x.as_str(), test.y.as_str());
    let asked = dossier.asked.iter().filter(|part| part.dataset == test.dataset);
    let dataset = dossier.datasets.iter().find(|dataset| dataset.name == test.dataset);
    let profile = dataset.and_then(|dataset| dataset.profile.as_ref());
    let turned = is_relation_turned((x, y), asked, relevance.interest(&test.dataset), profile);
    if turned { (y, x) } else { (x, y) }
}

impl<'d> Evidence<'d> {
    fn of(
        dossier: &'d Dossier,
        about: (&'d str, &'d str, &'d str),
        tests: Vec<&'d TestRecord>,
        part: Option<&'d AskedPart>,
    ) -> Self {
        let (dataset, x, y) = about;
        let crude = crude_test(&tests);
        let adjusted = adjusted_test(&tests)
            .map(|test| AdjustedEstimate {
                given: test.covariates.iter().map(String::as_str).collect(),
                test: Some(test),
                standardised: effect_without_unit(&test.effect, Some(&test.test)),
                found: Some(test.is_finding()),
                reverses: test.caveats.contains(&Caveat::SimpsonReversal),
                explains_away: test.caveats.contains(&Caveat::Confounded),
            })
            .or_else(|| crude.and_then(deciding_check));
        Self {
            dossier,
            dataset,
            x,
            y,
            tests,
            part,
            crude,
            adjusted,
        }
    }

    /// The test that tells what the verdict says: the one that the question asks for, unless the verdict is about what
    /// is left of the crude one; else the crude one, the first finding, the first.
    pub(super) fn leading_test(&self, verdict: RelationVerdict) -> Option<&'d TestRecord> {
        use RelationVerdict as V;
        if verdict == V::Appears
            && let Some(adjusted) = self.adjusted.as_ref().and_then(|adjusted| adjusted.test)
        {
            return Some(adjusted);
        }
        let is_curve = |test: &&TestRecord| test.kind == kind::CURVE && test.is_finding();
        if verdict == V::Bent
            && let Some(curve) = self.tests.iter().copied().find(is_curve)
            && !self.crude.is_some_and(TestRecord::is_finding)
        {
            return Some(curve);
        }
        let about_crude = matches!(verdict, V::Drift | V::Reversed | V::Gone | V::Weaker);
        let is_planned = |test: &&TestRecord| test.tier == Some(Tier::Primary) && !test.is_interaction();
        let planned = self.tests.iter().copied().find(is_planned);
        if let Some(planned) = planned.filter(|_| !about_crude) {
            return Some(planned);
        }
        let finding = || self.tests.iter().copied().find(|test| self.tells_relation(test));
        match self.crude {
            Some(crude) if crude.is_finding() => Some(crude),
            crude => finding().or(crude).or_else(|| self.tests.first().copied()),
        }
    }

    /// Whether a finding says how the outcome goes with the exposure. Who asks for the relation by name does not ask for
    /// the spread.
    fn tells_relation(&self, test: &TestRecord) -> bool {
        test.is_finding() && (self.part.is_none() || test.kind != kind::SPREAD)
    }

    /// The finding that the outcome scatters more, or less, along the exposure, beside what is told of their relation.
    pub(super) fn spread_beside(&self, told: &TestRecord) -> Option<&'d TestRecord> {
        let is_spread = |test: &&TestRecord| test.kind == kind::SPREAD && test.is_finding() && test.id != told.id;
        self.tests.iter().copied().find(is_spread)
    }

    /// The finding that the relation depends on a third column.
    pub(super) fn moderation(&self) -> Option<&'d TestRecord> {
        let about = |test: &&TestRecord| {
            test.dataset == self.dataset
                && test.y == self.y
                && [Some(&test.x), test.by.as_ref()].contains(&Some(&self.x.to_owned()))
        };
        let depends = |test: &&TestRecord| test.is_interaction() && test.is_finding() && about(test);
        self.dossier.tests.iter().find(depends)
    }

    /// Every verdict that applies, in the order of verdicts.
    fn verdicts(&self) -> Vec<RelationVerdict> {
        use RelationVerdict as V;
        if let Some(AskedState::Untestable(reason)) = self.part.map(|part| &part.state) {
            let by_construction = reason.code == ReasonCode::ByConstruction;
            return vec![if by_construction {
                V::ByConstruction
            } else {
                V::Untestable
            }];
        }
        if self.tests.is_empty() {
            return vec![V::Untestable];
        }
        let crude_found = self.crude.is_some_and(TestRecord::is_finding);
        let found = self.tests.iter().any(|test| self.tells_relation(test));
        let crude_has = |caveat: &Caveat| self.crude.is_some_and(|crude| crude.caveats.contains(caveat));
        let change = self.change();
        let adjusted = self.adjusted.as_ref();
        let given_found = adjusted.is_some_and(|adjusted| adjusted.found == Some(true));
        // Where both estimates are in units, they say themselves whether the adjusted one turns or vanishes.
        let in_units = change.is_some_and(|change| change.in_units);
        let worded = adjusted.filter(|_| !in_units);
        let notes = self.crude.map(|crude| &crude.caveat_notes);
        let is_held = |caveat: &Caveat| {
            let column = notes.and_then(|notes| notes.get(caveat));
            adjusted.is_some_and(|adjusted| column.is_some_and(|column| adjusted.given.contains(&column.as_str())))
        };
        let crude_warns = |caveat: &Caveat| crude_has(caveat) && !(in_units && is_held(caveat));
        let reverses = crude_warns(&Caveat::SimpsonReversal)
            || worded.is_some_and(|adjusted| adjusted.reverses)
            || change.is_some_and(|change| change.kept < 0.0 && change.excludes_null == Some(true));
        let gone = crude_warns(&Caveat::Confounded)
            || worded.is_some_and(|adjusted| adjusted.explains_away)
            || change.is_some_and(|change| change.kept <= GONE && change.excludes_null == Some(false));
        [
            (V::Drift, crude_has(&Caveat::TimeOrder)),
            (V::Reversed, crude_found && reverses),
            (V::Gone, crude_found && gone),
            (V::Appears, self.crude.is_some() && !crude_found && given_found),
            (V::Depends, self.moderation().is_some()),
            (V::Bent, found && crude_has(&Caveat::Nonlinear)),
            (
                V::Weaker,
                crude_found && change.is_some_and(|change| change.kept <= WEAKER),
            ),
            (V::Holds, found),
            (V::NotFound, !found),
        ]
        .into_iter()
        .filter_map(|(verdict, applies)| applies.then_some(verdict))
        .collect()
    }

    /// What other columns held fixed leave of the crude estimate: like is compared with like, in units where both have
    /// them, else without; none where the two are not on one scale.
    fn change(&self) -> Option<Change> {
        let crude = self.crude?;
        let adjusted = self.adjusted.as_ref()?;
        if let Some(change) = adjusted.test.and_then(|test| self.change_in_units(crude, test)) {
            return Some(change);
        }
        let (before, after) = (&crude.effect, &adjusted.standardised);
        if !are_comparable(&before.name, &after.name) {
            return None;
        }
        Change::of(&effect_without_unit(before, None), after, false)
    }

    /// The same in units, where both estimates are of the same thing and the crude one tells it from nothing.
    fn change_in_units(&self, crude: &TestRecord, adjusted: &TestRecord) -> Option<Change> {
        let before = effect_in_units(self.dossier, crude)?;
        let after = effect_in_units(self.dossier, adjusted)?;
        if before.excludes_null() != Some(true) {
            return None;
        }
        let turned = self.is_turned(crude, adjusted)?;
        let change = Change::of(&before, &after, turned)?;
        Some(Change {
            in_units: true,
            ..change
        })
    }

    fn contrast_of(&self, test: &TestRecord) -> Option<&'d LevelContrast> {
        let effect = self.dossier.units.get(&test.id)?.effect.as_ref()?;
        effect.contrast.as_ref()
    }

    /// The effect of a test as the relation has it: in units, but for one per unit of the relation's outcome.
    fn effect_of(&self, test: &TestRecord) -> ReportedEffect {
        let in_units = effect_in_units(self.dossier, test).filter(|_| self.is_told_in_units(test));
        in_units.unwrap_or_else(|| effect_without_unit(&test.effect, Some(&test.test)))
    }

    /// Whether the effect of a test in units says how the relation's outcome differs by its exposure.
    pub(super) fn is_told_in_units(&self, test: &TestRecord) -> bool {
        // A difference of means is between the levels of whichever column has them.
        let names_means = |effect: &UnitsEffect| effect.name == UnitsEffect::MEAN_DIFFERENCE;
        let shown = self.dossier.units.get(&test.id);
        test.x == self.x || shown.is_some_and(|shown| shown.effect.as_ref().is_none_or(names_means))
    }

    /// Whether two tests compare the same two levels the other way round; none where they compare others, or not the
    /// same thing.
    pub(super) fn is_turned(&self, crude: &TestRecord, adjusted: &TestRecord) -> Option<bool> {
        let name = |test: &TestRecord| Some(&self.dossier.units.get(&test.id)?.effect.as_ref()?.name);
        if name(crude)? != name(adjusted)? {
            return None;
        }
        match (self.contrast_of(crude), self.contrast_of(adjusted)) {
            (None, None) => ((&crude.x, &crude.y) == (&adjusted.x, &adjusted.y)).then_some(false),
            (Some(a), Some(b)) if a == b => Some(false),
            (Some(a), Some(b)) => (a.level == b.reference && a.reference == b.level).then_some(true),
            _ => None,
        }
    }

    fn into_relation(self, relevance: f64) -> Reconciled {
        let verdicts = self.verdicts();
        let verdict = verdicts.first().copied().unwrap_or(RelationVerdict::Untestable);
        let also = verdicts.iter().skip(1);
        let also = also.filter(|also| !matches!(also, RelationVerdict::Holds | RelationVerdict::NotFound));
        let mut caveats: Vec<String> = also.map(|also| also.as_str().to_owned()).collect();
        let leading = self.leading_test(verdict);
        for caveat in leading.into_iter().flat_map(|test| &test.caveats) {
            caveats.push(caveat.as_str().to_owned());
        }
        let crude = self.crude.map(|test| self.effect_of(test));
        let adjusted = self.adjusted.as_ref().map(|adjusted| match adjusted.test {
            Some(test) => self.effect_of(test),
            None => adjusted.standardised.clone(),
        });
        let randomised = self.dossier.method.randomised.iter().any(|column| column == self.x);
        let headline = match (&crude, &adjusted) {
            (Some(_), _) if randomised => Some(Headline::Crude),
            (_, Some(_)) => Some(Headline::Adjusted),
            (Some(_), None) => Some(Headline::Crude),
            (None, None) => None,
        };
        let headline_test = match headline {
            Some(Headline::Adjusted) => self.adjusted.as_ref().and_then(|adjusted| adjusted.test),
            Some(Headline::Crude) => self.crude,
            None => None,
        };
        let told = sentence::describe_relation(&self, verdict);
        let relation = Relation {
            id: RelationId::derive(self.dataset, self.x, self.y, None),
            dataset: self.dataset.to_owned(),
            x: self.x.to_owned(),
            y: self.y.to_owned(),
            contrast: headline_test
                .filter(|test| test.x == self.x)
                .and_then(|test| self.contrast_of(test))
                .cloned(),
            given: self
                .adjusted
                .iter()
                .flat_map(|adjusted| &adjusted.given)
                .map(|name| (*name).to_owned())
                .collect(),
            verdict,
            sentence: plain_text(&told),
            crude,
            headline,
            claims: self.tests.iter().map(|test| test.id.to_string()).collect(),
            relevance,
            caveats,
            adjusted,
        };
        Reconciled {
            relation,
            told,
            leading: leading.map(|test| test.id.clone()),
        }
    }
}

/// What is left of a crude estimate with other columns held fixed.
#[derive(Debug, Clone, Copy)]
struct Change {
    /// The part that is left, negative where the sign turned.
    kept: f64,
    /// Whether the interval of what is left excludes that there is nothing.
    excludes_null: Option<bool>,
    /// Whether both are in the units of the columns.
    in_units: bool,
}

impl Change {
    /// Of two estimates of the same thing; `turned` where the second compares the other way round.
    fn of(before: &ReportedEffect, after: &ReportedEffect, turned: bool) -> Option<Self> {
        let crude = before.on_null_scale().filter(|crude| *crude != 0.0)?;
        let left = after.on_null_scale()?;
        Some(Self {
            kept: if turned { -left } else { left } / crude,
            excludes_null: after.excludes_null(),
            in_units: false,
        })
    }
}

/// The check with one other column that decides what is left of a finding, where one does.
fn deciding_check(crude: &TestRecord) -> Option<AdjustedEstimate<'_>> {
    let about = |caveat: &Caveat| {
        let named = crude
            .caveat_notes
            .get(caveat)
            .filter(|_| crude.caveats.contains(caveat))?;
        crude.adjusted.iter().find(|check| check.for_column == *named)
    };
    let check: &Adjusted = about(&Caveat::SimpsonReversal).or_else(|| about(&Caveat::Confounded))?;
    Some(AdjustedEstimate {
        given: vec![&check.for_column],
        test: None,
        standardised: effect_without_unit(check.effect.as_ref()?, None),
        found: None,
        reverses: check.reversal,
        explains_away: check.explained_away,
    })
}

/// Whether two measures are on one scale, so that one can be a part of the other.
fn are_comparable(crude: &str, adjusted: &str) -> bool {
    crude == adjusted
        || matches!(
            (crude, adjusted),
            ("pearson_r" | "r", "partial_r") | ("spearman_rho" | "rho", "partial_rho")
        )
}
