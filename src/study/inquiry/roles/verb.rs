//! The meaning of a verb or a noun for two sides.

use super::{
    super::{InquiryKind, cues::Cue, lexicon},
    ClauseReader, Found, Roles, add,
};
use crate::study::ValueType;

impl ClauseReader<'_, '_> {
    pub(super) fn read_verb(&self) -> Option<Roles> {
        self.read_verb_before(self.length())
    }

    /// Reads the first verb or noun that says how columns go together.
    pub(super) fn read_verb_before(&self, end: usize) -> Option<Roles> {
        let verbs = [
            Cue::EffectOf,
            Cue::CauseOf,
            Cue::PredictorOf,
            Cue::Relates,
            Cue::RelationOf,
            Cue::Depends,
            Cue::Differs,
            Cue::Difference,
            Cue::Agrees,
            Cue::Affects,
            Cue::Predicts,
            Cue::Explains,
            Cue::Moves,
        ];
        let verb = self.first(&verbs).filter(|verb| verb.at < end)?;
        let (left, right) = (self.left(verb.at), self.within(verb.end..end));
        Some(match verb.cue {
            Cue::EffectOf => {
                let (exposures, outcomes) = self.read_segments(verb, end);
                let exposures = if exposures.is_empty() { left } else { exposures };
                Roles::of(InquiryKind::Effect, outcomes, exposures)
            }
            Cue::CauseOf => Roles::of(InquiryKind::Effect, right, left),
            Cue::PredictorOf => Roles::of(InquiryKind::Prediction, right, left),
            Cue::Relates | Cue::RelationOf => self.read_relation(verb, left, right, end),
            Cue::Depends => Roles::of(InquiryKind::Relation, left, right),
            Cue::Differs | Cue::Difference => self.read_difference(verb, left, right),
            Cue::Agrees => {
                let mut all = left;
                add(&mut all, &right);
                Roles::symmetric(InquiryKind::Agreement, all)
            }
            Cue::Moves => return self.read_move(verb, left, right),
            _ => {
                let kind = match verb.cue {
                    Cue::Predicts => InquiryKind::Prediction,
                    Cue::Explains => InquiryKind::Relation,
                    _ => InquiryKind::Effect,
                };
                if self.is_passive(verb) {
                    return Some(Roles::of(kind, left, right));
                }
                // `Does A explain B better than C?`
                let (mut left, mut right) = (left, self.free_within(verb.end..end));
                if let Some(than) = (verb.end..end).find(|at| self.is_word(*at, &["than"])) {
                    let rivals = self.free_within(than..end);
                    if !self.free_within(verb.end..than).is_empty() {
                        right.retain(|column| !rivals.contains(column));
                        add(&mut left, &rivals);
                    }
                }
                Roles::of(kind, right, left)
            }
        })
    }

    pub(super) fn read_relation(&self, verb: Found, left: Vec<usize>, right: Vec<usize>, end: usize) -> Roles {
        let mut all = self.free_within(0..end);
        if all.len() < 2 {
            if self.free_within(0..verb.at).is_empty() {
                add(&mut all, &left);
            }
            if all.len() < 2 {
                add(&mut all, &right);
            }
        }
        if all.len() > 1 {
            Roles::symmetric(InquiryKind::Relation, all)
        } else {
            Roles::of(InquiryKind::Relation, all, Vec::new())
        }
    }

    pub(super) fn value_type(&self, column: usize) -> Option<ValueType> {
        self.outline.columns.get(column).map(|column| column.value_type)
    }

    pub(super) fn is_amount(&self, column: &usize) -> bool {
        self.value_type(*column).is_some_and(ValueType::is_amount)
    }

    /// Gives the columns of which levels are named.
    pub(super) fn leveled(&self) -> Vec<usize> {
        self.columns_of(self.parts.iter().filter(|part| {
            self.outline
                .mention(part.mention)
                .is_some_and(|mention| !mention.levels.is_empty() || mention.negated && part.level)
        }))
    }

    pub(super) fn read_difference(&self, verb: Found, left: Vec<usize>, right: Vec<usize>) -> Roles {
        let kind = InquiryKind::Difference;
        let leveled = self.leveled();
        let of = |outcomes, exposures| Roles::of(kind, outcomes, exposures);
        let split = |columns: &[usize]| -> (Vec<usize>, Vec<usize>) {
            columns.iter().partition(|column| leveled.contains(column))
        };
        let all: Vec<usize> = {
            let mut all = left.clone();
            add(&mut all, &right);
            all
        };
        if verb.cue == Cue::Difference {
            let between = (verb.at..self.length()).find(|at| self.is_word(*at, &["between", "among", "across"]));
            let mut groups = between.map_or_else(Vec::new, |at| self.within(at..self.length()));
            // `between A and B in C`: what comes after `in` is no group.
            let after_in = between
                .and_then(|at| (at..self.length()).find(|here| self.is_word(*here, &["in"])))
                .map_or_else(Vec::new, |at| self.free_within(at..self.length()));
            groups.retain(|column| !after_in.contains(column));
            let outcomes: Vec<usize> = all.iter().copied().filter(|column| !groups.contains(column)).collect();
            if outcomes.is_empty() && groups.len() > 1 && groups.iter().all(|column| self.is_amount(column)) {
                return Roles::symmetric(kind, groups);
            }
            if groups.is_empty() {
                let (groups, outcomes) = split(&outcomes);
                return of(outcomes, groups);
            }
            return of(outcomes, groups);
        }
        // `Do smokers and non-smokers differ in weight?`
        let (groups, outcomes) = split(&left);
        if !groups.is_empty() && (!right.is_empty() || !outcomes.is_empty()) {
            let (_, others) = split(&right);
            let mut outcomes = outcomes;
            add(&mut outcomes, &others);
            return of(outcomes, groups);
        }
        if !groups.is_empty() {
            return of(Vec::new(), groups);
        }
        let amounts = all.len() > 1 && all.iter().all(|column| self.is_amount(column));
        let from = verb
            .end
            .checked_sub(1)
            .is_some_and(|last| self.is_word(last, &["from"]));
        if amounts && (right.is_empty() || from) {
            return Roles::symmetric(kind, all);
        }
        if self.verb_says_in(verb) && !right.is_empty() && left.iter().any(|column| !self.is_amount(column)) {
            let (groups, others) = split(&right);
            if groups.is_empty() {
                return of(others, left);
            }
        }
        of(left, right)
    }

    pub(super) fn verb_says_in(&self, verb: Found) -> bool {
        self.is_word(verb.end, &["in"]) || verb.end.checked_sub(1).is_some_and(|last| self.is_word(last, &["in"]))
    }

    /// Reads verbs such as `change` and `rise`: something changes another thing, or changes by itself in time.
    pub(super) fn read_move(&self, verb: Found, left: Vec<usize>, right: Vec<usize>) -> Option<Roles> {
        if self.is_passive(verb) {
            return Some(Roles::of(InquiryKind::Effect, left, right));
        }
        let is_time = |column: &usize| {
            self.outline
                .index
                .entries
                .get(*column)
                .is_some_and(|entry| entry.is_time)
        };
        let aside = self.free_within(verb.end..self.length());
        let others: Vec<usize> = aside.iter().copied().filter(|column| !is_time(column)).collect();
        if !others.is_empty() {
            // `Did trade and traffic change the price?`; with nothing before it, something else did.
            return Some(Roles::of(InquiryKind::Effect, others, left));
        }
        // `Does A improve sleep?`, where sleep is no column: still something that acts.
        let object = self.token(verb.end).is_some_and(|token| {
            token.is_term()
                && token.number().is_none()
                && !lexicon::is_stop(token)
                && !lexicon::is_filler(token)
                && !token.lower.ends_with("ly")
        });
        if (object || left.iter().all(|column| self.leveled().contains(column))) && !left.is_empty() {
            return Some(Roles::of(InquiryKind::Effect, Vec::new(), left));
        }
        let mut times: Vec<usize> = right.into_iter().filter(is_time).collect();
        if times.is_empty() {
            times.extend(self.outline.index.time);
        }
        times.retain(|column| !left.contains(column));
        if left.is_empty() {
            times.clear();
        }
        Some(Roles::of(InquiryKind::Change, left, times))
    }

    /// Reads `over time` and `trend` without a verb.
    pub(super) fn read_trend(&self) -> Option<Roles> {
        self.first(&[Cue::OverTime])?;
        let outcomes = self.within(0..self.length());
        let times = self.outline.index.time.filter(|column| !outcomes.contains(column));
        let times = times.filter(|_| !outcomes.is_empty());
        Some(Roles::of(InquiryKind::Change, outcomes, times.into_iter().collect()))
    }
}
