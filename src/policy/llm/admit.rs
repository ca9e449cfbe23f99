//! Which of a model's ideas become hypotheses: those about usable columns, of a kind that fits them, that were never
//! tested before. What does not pass is dropped with its reason, never mended.

use std::collections::{BTreeMap, BTreeSet};

use super::ideas::{AnalysisIdea, FollowUps, Idea, IdeaKind, Predicted};
use crate::message::{ModelPlan, ProposeHypotheses};
use crate::policy::{catalogue::free_weight, heuristic::Interest, pair, statement::statement};
use crate::prompt::{inline, shorten_to};
use crate::science::{Column, CustomProtocol, Hypothesis, HypothesisId, Part, Profile, Role, Tier, kind};
use crate::words;

/// Reasons that are told one by one.
const MOST_REASONS: usize = 5;

/// Columns that an analysis reads, at most.
const MOST_COLUMNS: usize = 8;

/// Letters of a method, at least and at most.
const METHOD: std::ops::RangeInclusive<usize> = 20..=800;

/// Letters of a claim that are kept, at most.
const LONGEST_CLAIM: usize = 400;

/// What came of a model's ideas.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Admitted {
    pub(super) hypotheses: Vec<Hypothesis>,
    pub(super) model: String,
    /// Why others were dropped.
    pub(super) remarks: Vec<String>,
}

/// The rule for one request.
pub(in crate::policy) struct Admission<'a> {
    request: &'a ProposeHypotheses,
    plan: &'a ModelPlan,
    tested: BTreeSet<&'a HypothesisId>,
    /// The second column of an idea is its outcome, whatever the rule book would have.
    names_outcome: bool,
}

impl<'a> Admission<'a> {
    pub(in crate::policy) fn new(request: &'a ProposeHypotheses, plan: &'a ModelPlan) -> Self {
        Self {
            request,
            plan,
            tested: request.tested.iter().collect(),
            names_outcome: false,
        }
    }

    /// The same for ideas that name their exposure and their outcome: a model of one on the other is made that way round.
    pub(in crate::policy) fn with_named_outcome(self) -> Self {
        Self {
            names_outcome: true,
            ..self
        }
    }

    /// Whether anything of an answer can be used; an empty one can, it says that there is nothing.
    pub(super) fn check(&self, ideas: &FollowUps) -> Result<(), String> {
        let admitted = self.admit(ideas, "");
        if admitted.hypotheses.is_empty() && !admitted.remarks.is_empty() {
            return Err(format!("none can be tested: {}", admitted.remarks.join("; ")));
        }
        Ok(())
    }

    /// The hypotheses, in the model's order, no more than the plan allows.
    pub(super) fn admit(&self, ideas: &FollowUps, model: &str) -> Admitted {
        let mut admitted = Admitted {
            model: shorten_to(&inline(model), 80),
            ..Admitted::default()
        };
        let mut dropped = Vec::new();
        let mut seen = BTreeSet::new();
        let mut take = |found: Result<Hypothesis, String>, most: usize, taken: &mut usize| {
            let fresh = found.and_then(|idea| {
                let claim = claim(&idea);
                if self.is_tested(&idea) {
                    Err(format!("{} was tested before", idea.statement))
                } else if !seen.insert(claim) {
                    Err(format!("{} was proposed twice", idea.statement))
                } else if *taken >= most {
                    Err(format!("{} is beyond the {most} that were asked for", idea.statement))
                } else {
                    Ok(idea)
                }
            });
            match fresh {
                Ok(idea) => {
                    *taken += 1;
                    admitted.hypotheses.push(idea);
                }
                Err(reason) => dropped.push(reason),
            }
        };
        let mut taken = 0;
        for idea in &ideas.hypotheses {
            let found = self.hypothesis(idea, model);
            take(found, self.plan.hypotheses, &mut taken);
        }
        let mut taken = 0;
        for idea in &ideas.analyses {
            take(self.analysis(idea, model), self.plan.analyses, &mut taken);
        }
        admitted.remarks = told(dropped);
        admitted
    }

    /// Whether the claim was registered, on whatever rows.
    pub(in crate::policy) fn is_tested(&self, idea: &Hypothesis) -> bool {
        let on = |part: Part| Hypothesis { part, ..idea.clone() }.derive_id();
        self.tested.contains(&on(Part::Whole))
            || self.tested.contains(&on(Part::Confirm))
            || self
                .request
                .known
                .iter()
                .chain(&self.request.refuted)
                .any(|test| idea.kind == kind::CUSTOM && claim(&test.hypothesis) == claim(idea))
    }

    /// The hypothesis that an idea of `model`'s comes to.
    pub(in crate::policy) fn hypothesis(&self, idea: &Idea, model: &str) -> Result<Hypothesis, String> {
        let mut place = self.place(&idea.x, &idea.y)?;
        let is_model = matches!(
            idea.kind,
            IdeaKind::Adjusted | IdeaKind::Interaction | IdeaKind::DoseResponse
        );
        if is_model && self.names_outcome && place.y.name != column(place.profile, &idea.y)?.name {
            std::mem::swap(&mut place.x, &mut place.y);
        }
        let mut found = self.bare(&place, model, &idea.rationale);
        match idea.kind {
            IdeaKind::Association => {}
            IdeaKind::Adjusted => {
                place.outcome()?;
                found.kind = kind::ADJUSTED.to_owned();
                found.covariates = place.covariates(&idea.covariates)?;
            }
            IdeaKind::Stratified => {
                if place.kind != kind::NUMERIC_NUMERIC {
                    return Err(place.not("stratified", "both columns must be numeric"));
                }
                let by = place.third(idea.by.as_deref(), "by")?;
                if !pair::makes_strata(by) {
                    return Err(place.not("stratified", "`by` must be a column of two to eight groups"));
                }
                found.kind = kind::STRATIFIED.to_owned();
                found.by = Some(by.name.clone());
            }
            IdeaKind::Interaction => {
                place.outcome()?;
                found.kind = kind::INTERACTION.to_owned();
                found.by = Some(place.third(idea.by.as_deref(), "by")?.name.clone());
                pair::order_moderator(&mut found);
            }
            IdeaKind::DoseResponse => {
                place.outcome()?;
                if !pair::is_graded(place.x) {
                    return Err(place.not("dose_response", "x must be numeric with more than four values"));
                }
                found.kind = kind::DOSE_RESPONSE.to_owned();
            }
            IdeaKind::Paired => place.paired(&mut found)?,
            IdeaKind::Survival => return self.survival(idea, model),
        }
        found.predicted = predicted(idea.predicted, &found, place.x);
        Ok(finish(found, &idea.statement))
    }

    fn survival(&self, idea: &Idea, model: &str) -> Result<Hypothesis, String> {
        for (name, profile) in &self.request.profiles {
            let pair = profile.survival.iter().find(|pair| {
                let named = |column: &str| column == idea.y || idea.event.as_deref() == Some(column);
                named(&pair.duration) || named(&pair.event)
            });
            let Some(pair) = pair else { continue };
            let x = column(profile, &idea.x)?;
            let own = x.name == pair.duration || x.name == pair.event;
            let by_construction = [&pair.duration, &pair.event]
                .into_iter()
                .any(|side| profile.find_tautology(&x.name, side).is_some());
            if own || by_construction {
                return Err(format!("`{}` belongs to the time or the event itself", x.name));
            }
            let duration = column_as_it_is(profile, &pair.duration)?;
            let place = Place {
                dataset: name,
                profile,
                interest: Interest::read(&self.request.plan, profile),
                kind: kind::SURVIVAL,
                x,
                y: duration,
            };
            let mut found = self.bare(&place, model, &idea.rationale);
            found.event = Some(pair.event.clone());
            return Ok(finish(found, &idea.statement));
        }
        Err(format!("{} is no time to an event", quoted(&idea.y)))
    }

    fn analysis(&self, idea: &AnalysisIdea, model: &str) -> Result<Hypothesis, String> {
        let place = self.place(&idea.x, &idea.y)?;
        let mut columns: BTreeSet<String> = [&place.x.name, &place.y.name].into_iter().cloned().collect();
        for name in &idea.columns {
            columns.insert(column(place.profile, name)?.name.clone());
        }
        if columns.len() > MOST_COLUMNS {
            return Err(place.not("an analysis", "it reads too many columns"));
        }
        let method = inline(idea.method.trim());
        if !METHOD.contains(&method.chars().count()) {
            return Err(place.not("an analysis", "its method must be told in 20 to 800 letters"));
        }
        let named = |name: &str| {
            name.starts_with(|letter: char| letter.is_ascii_lowercase())
                && (2..=40).contains(&name.len())
                && name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
        };
        if !named(&idea.effect) {
            return Err(place.not(
                "an analysis",
                "its effect needs a name of small letters and underscores",
            ));
        }
        let family = idea
            .family
            .as_deref()
            .filter(|family| !matches!(*family, "" | "null" | "none"));
        if family.is_some_and(|family| family != place.kind) {
            return Err(place.not("an analysis", &format!("its family could only be `{}`", place.kind)));
        }
        let mut found = self.bare(&place, model, &idea.rationale);
        found.kind = kind::CUSTOM.to_owned();
        if found.tier == Tier::FollowUp {
            found.weight = free_weight(&self.request.plan, self.request.cycle, true);
        }
        found.analysis = Some(CustomProtocol {
            columns: columns.into_iter().collect(),
            method,
            effect: idea.effect.clone(),
            family: family.map(str::to_owned),
            claim: Some(shorten_to(&inline(idea.statement.trim()), LONGEST_CLAIM)).filter(|claim| !claim.is_empty()),
        });
        Ok(finish(found, &idea.statement))
    }

    /// The table and the pair, in the order in which the rule book would have them.
    fn place(&self, x: &str, y: &str) -> Result<Place<'a>, String> {
        let mut refused = None;
        for (dataset, profile) in &self.request.profiles {
            match self.place_in(dataset, profile, x, y) {
                Ok(place) => return Ok(place),
                Err(reason) => {
                    refused.get_or_insert(reason);
                }
            }
        }
        Err(refused.unwrap_or_else(|| "there is no table".to_owned()))
    }

    fn place_in(&self, dataset: &'a str, profile: &'a Profile, x: &str, y: &str) -> Result<Place<'a>, String> {
        let (first, second) = (column(profile, x)?, column(profile, y)?);
        let at = |column: &Column| profile.columns.iter().position(|other| other.name == column.name);
        let (first, second) = if at(first) <= at(second) {
            (first, second)
        } else {
            (second, first)
        };
        if first.name == second.name {
            return Err(format!("`{}` goes with itself", first.name));
        }
        if let Some(tautology) = profile.find_tautology(&first.name, &second.name) {
            return Err(format!(
                "`{}` tells of `{}` by construction: {}",
                first.name, second.name, tautology.reason
            ));
        }
        if self.request.cycle > 1 && !profile.split.possible {
            return Err(format!("the table `{dataset}` has too few rows to hold some back"));
        }
        let plan = &self.request.plan;
        let interest = Interest::read(plan, profile);
        let (kind, x, y) = pair::kind(first, second, &interest)
            .ok_or_else(|| format!("no test is for `{}` and `{}`", first.name, second.name))?;
        Ok(Place {
            dataset,
            profile,
            interest,
            kind,
            x,
            y,
        })
    }

    /// The hypothesis of the pair alone, not named yet.
    fn bare(&self, place: &Place<'_>, model: &str, rationale: &str) -> Hypothesis {
        let scores = pair::scores(&place.interest, place.profile, place.x, place.y);
        let first = self.request.cycle == 1;
        let parent = self.request.known.iter().find(|test| {
            let known = &test.hypothesis;
            known.dataset == place.dataset
                && pair::SIMPLE.contains(&known.kind.as_str())
                && ((known.x == place.x.name && known.y == place.y.name)
                    || (known.x == place.y.name && known.y == place.x.name))
        });
        Hypothesis {
            id: HypothesisId::unnamed(),
            dataset: place.dataset.to_owned(),
            arm: self.request.arm,
            kind: place.kind.to_owned(),
            x: place.x.name.clone(),
            y: place.y.name.clone(),
            covariates: Vec::new(),
            by: None,
            event: None,
            part: if first { Part::Whole } else { Part::Confirm },
            statement: String::new(),
            predicted: None,
            parent: parent.filter(|_| !first).map(|test| test.hypothesis.id.clone()),
            rationale: shorten_to(&inline(rationale), 200),
            // A pair that a model reads out of the question weighs as one that the question is about. What later cycles
            // propose by looking is paid for as a class of its own.
            tier: if first { Tier::Survey } else { Tier::FollowUp },
            weight: if first {
                pair::weight(scores.relevance.max(0.8))
            } else {
                free_weight(&self.request.plan, self.request.cycle, false)
            },
            scores,
            proposed_by: Some(shorten_to(&inline(model), 80)),
            analysis: None,
            directions: BTreeMap::new(),
        }
    }
}

/// A pair of columns of a table.
struct Place<'a> {
    dataset: &'a str,
    profile: &'a Profile,
    interest: Interest,
    /// The kind of the pair alone.
    kind: &'static str,
    x: &'a Column,
    y: &'a Column,
}

impl<'a> Place<'a> {
    fn not(&self, what: &str, why: &str) -> String {
        format!("`{}` and `{}` are not for {what}: {why}", self.x.name, self.y.name)
    }

    fn outcome(&self) -> Result<(), String> {
        if pair::is_outcome(self.y) {
            Ok(())
        } else {
            Err(self.not("a model", "the outcome must be numeric or of two groups"))
        }
    }

    /// A third column that is apart from both.
    fn third(&self, name: Option<&str>, what: &str) -> Result<&'a Column, String> {
        let name = name.ok_or_else(|| self.not(what, "a third column is needed and not named"))?;
        let third = column(self.profile, name)?;
        let same = third.name == self.x.name || third.name == self.y.name;
        let side = [&self.x.name, &self.y.name];
        if same
            || side
                .iter()
                .any(|side| self.profile.find_tautology(&third.name, side).is_some())
        {
            return Err(self.not(what, &format!("`{}` is not apart from both", third.name)));
        }
        Ok(third)
    }

    fn covariates(&self, names: &[String]) -> Result<Vec<String>, String> {
        let mut covariates = BTreeSet::new();
        for name in names {
            covariates.insert(self.third(Some(name), "covariates")?.name.clone());
        }
        if covariates.is_empty() || covariates.len() > pair::MOST_CONFOUNDERS {
            return Err(self.not("adjusted", "one to four columns are to be held fixed"));
        }
        Ok(covariates.into_iter().collect())
    }

    fn paired(&self, found: &mut Hypothesis) -> Result<(), String> {
        let (x, y) = (&self.x.name, &self.y.name);
        let pair = self
            .profile
            .paired
            .iter()
            .find(|pair| (pair.x == *x && pair.y == *y) || (pair.x == *y && pair.y == *x))
            .ok_or_else(|| self.not("paired", "they are not two measurements of the same units"))?;
        found.kind = kind::PAIRED.to_owned();
        found.x.clone_from(&pair.x);
        found.y.clone_from(&pair.y);
        found.by.clone_from(&pair.unit);
        Ok(())
    }
}

/// The usable column that a model means: by its name, or by the form in which it was shown.
fn column<'p>(profile: &'p Profile, name: &str) -> Result<&'p Column, String> {
    let name = name.trim().trim_matches('`');
    let shown = |column: &&Column| inline(&column.name) == name;
    let mut found = profile.columns.iter().filter(shown);
    let exact = profile.column_named(name);
    let column = match (exact, found.next(), found.next()) {
        (Some(exact), ..) => exact,
        (None, Some(only), None) => only,
        _ => return Err(format!("{} is no column", quoted(name))),
    };
    if column.usable {
        Ok(column)
    } else {
        let why = column.excluded.as_deref().unwrap_or("it is not for tests");
        Err(format!("`{}` cannot be used: {why}", column.name))
    }
}

/// What a model took for a column, where it can be taken for nothing else.
fn quoted(name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if (1..=40).contains(&name.len()) && name.chars().all(plain) {
        format!("`{name}`")
    } else {
        "what it names".to_owned()
    }
}

fn column_as_it_is<'p>(profile: &'p Profile, name: &str) -> Result<&'p Column, String> {
    profile
        .column_named(name)
        .ok_or_else(|| format!("`{name}` is no column"))
}

/// A direction, where one has a meaning: not between groups.
fn predicted(predicted: Predicted, found: &Hypothesis, x: &Column) -> Option<String> {
    let has_direction = x.role == Role::Numeric
        && !matches!(
            found.kind.as_str(),
            kind::INTERACTION | kind::PAIRED | kind::SURVIVAL | kind::CUSTOM
        );
    let way = match predicted {
        Predicted::Rising => "+",
        Predicted::Falling => "-",
        Predicted::Unknown => return None,
    };
    has_direction.then(|| way.to_owned())
}

/// Names it: by the model's sentence where that claims no more than ours would.
fn finish(mut found: Hypothesis, said: &str) -> Hypothesis {
    let said = said.trim();
    let mut columns = vec![found.x.as_str(), found.y.as_str()];
    columns.extend(found.covariates.iter().map(String::as_str));
    columns.extend(found.by.as_deref());
    columns.extend(found.event.as_deref());
    found.statement = if !said.is_empty() && words::is_safe_statement(said, &columns) {
        said.to_owned()
    } else {
        statement(&found)
    };
    found.with_id()
}

/// What makes two hypotheses the same claim: of an analysis not how its method is worded.
fn claim(found: &Hypothesis) -> HypothesisId {
    match &found.analysis {
        None => Hypothesis {
            part: Part::Whole,
            ..found.clone()
        }
        .derive_id(),
        Some(analysis) => Hypothesis {
            part: Part::Whole,
            analysis: Some(CustomProtocol {
                method: String::new(),
                family: None,
                claim: None,
                ..analysis.clone()
            }),
            ..found.clone()
        }
        .derive_id(),
    }
}

/// The reasons, the first ones in full.
fn told(dropped: Vec<String>) -> Vec<String> {
    let more = dropped.len().saturating_sub(MOST_REASONS);
    let mut told: Vec<String> = dropped
        .into_iter()
        .take(MOST_REASONS)
        .map(|reason| {
            format!(
                "an idea of the model was dropped: {}",
                shorten_to(&inline(&reason), 240)
            )
        })
        .collect();
    if more > 0 {
        told.push(format!("{more} more ideas of the model were dropped for such reasons"));
    }
    told
}
