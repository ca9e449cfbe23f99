//! Questions with a third column, and those of dose and response.

use super::{
    super::{InquiryKind, cues::Cue, lexicon, words::Token},
    ClauseReader, Found, Roles, add,
};

impl ClauseReader<'_, '_> {
    /// Reads `the effect of A on B`, `the relation between A and B`, `A's effect on B` after a noun.
    pub(super) fn read_segments(&self, noun: Found, end: usize) -> (Vec<usize>, Vec<usize>) {
        let (mut exposures, mut outcomes) = (Vec::new(), Vec::new());
        let mut to_outcomes = false;
        let mut between = false;
        for at in noun.end..end {
            if self.is_word(at, &["on", "upon", "over", "to", "with", "for", "in"]) && self.subset.is_used(at) {
                to_outcomes = true;
            } else if self.is_word(at, &["of"]) {
                to_outcomes = false;
            } else if self.is_word(at, &["between"]) {
                between = true;
            } else if let Some(part) = self.parts.iter().find(|part| part.at == at && !part.aside) {
                let columns = self.columns_of(std::iter::once(part));
                let second = between && !exposures.is_empty() && exposures != columns;
                add(
                    if to_outcomes || second {
                        &mut outcomes
                    } else {
                        &mut exposures
                    },
                    &columns,
                );
            }
        }
        let before = self.free_within(0..noun.at);
        if exposures.is_empty() {
            exposures = before;
        } else if outcomes.is_empty() && noun.cue == Cue::RelationOf {
            outcomes = exposures.split_off(1.min(exposures.len()));
        }
        (exposures, outcomes)
    }

    pub(super) fn read_moderation(&self) -> Option<Roles> {
        let kind = InquiryKind::Moderation;
        let nouns = [Cue::EffectOf, Cue::RelationOf];
        let roles = |mut exposures: Vec<usize>, moderators: &[usize], outcomes: Vec<usize>| {
            exposures.retain(|column| !moderators.contains(column));
            add(&mut exposures, moderators);
            Roles::of(kind, outcomes, exposures)
        };
        if let Some(found) = self.first(&[Cue::Interacts]) {
            let all = self.free_within(0..self.length());
            let outcome = (found.end..self.length()).rev().find(|at| {
                self.is_word(
                    *at,
                    &[
                        "on",
                        "in",
                        "for",
                        "affect",
                        "affecting",
                        "predict",
                        "predicting",
                        "explain",
                    ],
                )
            });
            let outcomes = outcome.map_or_else(Vec::new, |at| self.free_within(at..self.length()));
            let exposures = all.into_iter().filter(|column| !outcomes.contains(column)).collect();
            return Some(Roles::of(kind, outcomes, exposures));
        }
        if let Some(found) = self.first(&[Cue::Moderates]) {
            let (before, after) = (self.within(0..found.at), self.right(found.end));
            if let Some(noun) = self.first(&nouns) {
                let (exposures, outcomes) =
                    self.read_segments(noun, if noun.at < found.at { found.at } else { self.length() });
                let moderators = if noun.at < found.at { after } else { before };
                return Some(roles(exposures, &moderators, outcomes));
            }
            return Some(roles(after, &before, Vec::new()));
        }
        if let Some(noun) = self.first(&nouns) {
            // `Does the effect of A on B depend on C?`
            let varies = self
                .first_after(noun.end, &[Cue::Depends, Cue::Differs, Cue::Moves])
                .map(|found| (found.at, found.end));
            let compared = (noun.end..self.length())
                .find(|at| self.token(*at).is_some_and(is_compared_effect))
                .map(|at| (at, at + 1));
            if let Some((at, after)) = varies.or(compared) {
                let (exposures, outcomes) = self.read_segments(noun, at);
                let moderators = self.right(after);
                if !moderators.is_empty() && !exposures.is_empty() {
                    return Some(roles(exposures, &moderators, outcomes));
                }
            }
            // `Does C change the effect of A on B?`
            if let Some(verb) = self.first(&[Cue::Affects, Cue::Moves]).filter(|verb| verb.at < noun.at) {
                let (exposures, outcomes) = self.read_segments(noun, self.length());
                let moderators = self.within(0..verb.at);
                if !moderators.is_empty()
                    && !outcomes.is_empty()
                    && exposures.iter().any(|column| !moderators.contains(column))
                {
                    return Some(roles(exposures, &moderators, outcomes));
                }
            }
        }
        // `Does A affect B more in women than in men?`
        let verb = self.first(&[Cue::Affects, Cue::Moves, Cue::Predicts, Cue::Relates, Cue::Depends])?;
        let (before, after) = (self.free_within(0..verb.at), self.free_within(verb.end..self.length()));
        let differently = (verb.at..self.length()).find(|at| self.token(*at).is_some_and(is_compared_effect))?;
        let moderators = self.columns_of(self.parts.iter().filter(|part| part.aside && part.at > differently));
        let sides = !before.is_empty() && !after.is_empty();
        if !sides || moderators.is_empty() {
            return None;
        }
        let passive = self.is_passive(verb) || verb.cue == Cue::Depends;
        Some(if passive {
            roles(after, &moderators, before)
        } else {
            roles(before, &moderators, after)
        })
    }

    pub(super) fn read_mediation(&self) -> Option<Roles> {
        let kind = InquiryKind::Mediation;
        let roles = |mut exposures: Vec<usize>, mediators: &[usize], mut outcomes: Vec<usize>| {
            exposures.retain(|column| !mediators.contains(column));
            outcomes.retain(|column| !mediators.contains(column) && !exposures.contains(column));
            add(&mut exposures, mediators);
            Roles::of(kind, outcomes, exposures)
        };
        let noun = self.first(&[Cue::EffectOf, Cue::RelationOf]);
        if let Some(found) = self.first(&[Cue::Mediates]) {
            let (before, after) = (self.within(0..found.at), self.right(found.end));
            return Some(match noun {
                Some(noun) if noun.at < found.at => {
                    let (exposures, outcomes) = self.read_segments(noun, found.at);
                    roles(exposures, &after, outcomes)
                }
                Some(noun) => {
                    let (exposures, outcomes) = self.read_segments(noun, self.length());
                    roles(exposures, &before, outcomes)
                }
                None => roles(after, &before, Vec::new()),
            });
        }
        if let Some(noun) = noun
            && let Some(verb) = self
                .first_after(noun.end, &[Cue::Explains, Cue::Affects])
                .filter(|verb| self.is_passive(*verb))
        {
            let (exposures, outcomes) = self.read_segments(noun, verb.at);
            let mediators = self.right(verb.end);
            if !mediators.is_empty() && !outcomes.is_empty() {
                return Some(roles(exposures, &mediators, outcomes));
            }
        }
        let through = self.first(&[Cue::Through])?;
        let mediators = self.right(through.end);
        let plain = self.read_verb_before(through.at)?;
        (!mediators.is_empty()).then(|| roles(plain.exposures, &mediators, plain.outcomes))
    }

    pub(super) fn read_dose(&self) -> Option<Roles> {
        let kind = InquiryKind::Dose;
        if let Some(noun) = self.first(&[Cue::Dose]) {
            let (exposures, outcomes) = self.read_segments(noun, self.length());
            return Some(Roles::of(kind, outcomes, exposures));
        }
        // `How much does A rise per year of B?`
        let per = (1..self.length())
            .find(|at| self.is_word(*at, &["per"]) && (at + 1..at + 3).any(|next| self.subset.mention(next).is_some()))
            .filter(|_| self.first(&[Cue::Moves]).is_some());
        let per = per.map(|at| Found {
            at,
            end: at + 1,
            cue: Cue::PerStep,
        });
        if let Some(step) = self.first(&[Cue::PerStep]).or(per) {
            let comma = (step.end..self.length()).find(|at| self.token(*at).is_some_and(|token| token.is_mark(',')));
            let end = comma.unwrap_or(self.length());
            let exposures = self.within(step.end..end);
            let mut outcomes = self.free_within(0..step.at);
            add(&mut outcomes, &self.free_within(end..self.length()));
            outcomes.retain(|column| !exposures.contains(column));
            // `What is the average pay for each department?`
            let groups = exposures.iter().all(|column| !self.is_amount(column));
            if groups && self.first(&[Cue::Moves]).is_none() && self.asks_figure() && !outcomes.is_empty() {
                return Some(Roles::of(InquiryKind::Description, outcomes, exposures));
            }
            if !exposures.is_empty() {
                return Some(Roles::of(kind, outcomes, exposures));
            }
        }
        // `The older the patient, the higher the pressure`.
        let grades: Vec<usize> = (0..self.length())
            .filter(|at| self.is_word(*at, &["the"]) && self.token(at + 1).is_some_and(lexicon::compares))
            .collect();
        let [first, second] = grades.as_slice() else {
            return None;
        };
        let side = |range: std::ops::Range<usize>| {
            let named = self.free_within(range.clone());
            if named.is_empty() {
                self.compared_column(range).into_iter().collect()
            } else {
                named
            }
        };
        let (exposures, outcomes) = (side(*first..*second), side(*second..self.length()));
        (!exposures.is_empty() && *first < 2).then(|| Roles::of(kind, outcomes, exposures))
    }
}

/// Returns true for a word that says that an effect is not the same everywhere.
fn is_compared_effect(token: &Token) -> bool {
    matches!(
        token.lower.as_str(),
        "differently"
            | "different"
            | "same"
            | "stronger"
            | "weaker"
            | "larger"
            | "smaller"
            | "greater"
            | "more"
            | "less"
            | "steeper"
            | "bigger"
            | "higher"
            | "lower"
            | "than"
            | "compared"
            | "versus"
            | "vs"
    )
}
