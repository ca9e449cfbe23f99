//! Comparisons, and questions without a verb that the rules know.

use super::{
    super::{
        InquiryKind,
        cues::{self, Cue},
        lexicon,
    },
    ClauseReader, Part, Roles,
};

impl ClauseReader<'_, '_> {
    /// Reads `Is A higher in B?`, `Do women earn more than men?`, `Which group has the highest A?`
    pub(super) fn read_comparison(&self) -> Option<Roles> {
        let compare = (0..self.length()).find(|at| {
            !self.subset.is_used(*at)
                && !at
                    .checked_sub(1)
                    .is_some_and(|before| self.is_word(before, &["rather", "other"]))
                && self.token(*at).is_some_and(|token| {
                    lexicon::compares(token) || matches!(token.lower.as_str(), "than" | "versus" | "vs" | "compared")
                })
        })?;
        let counts = self.first(&[Cue::Describes]).is_some() && !self.is_word(compare, &["than"]);
        let than = (compare..self.length()).any(|at| self.is_word(at, &["than", "versus", "vs"]));
        if counts && !than {
            return None;
        }
        let kind = InquiryKind::Difference;
        let groups = self.columns_of(self.parts.iter().filter(|part| self.names_a_group(part)));
        let others: Vec<usize> = self
            .columns_of(self.parts.iter().filter(|part| !part.aside))
            .into_iter()
            .filter(|column| !groups.contains(column))
            .collect();
        if !groups.is_empty() {
            let outcomes = if others.is_empty() {
                self.compared_column(0..self.length()).into_iter().collect()
            } else {
                others
            };
            // With two groups named, those of the subject are compared, and the others say which rows.
            let subject = self.columns_of(self.parts.iter().filter(|part| self.names_a_group(part) && !part.aside));
            let exposures = if subject.is_empty() { groups } else { subject };
            return Some(Roles::of(kind, outcomes, exposures));
        }
        if than && others.len() > 1 && others.iter().all(|column| self.is_amount(column)) {
            return Some(Roles::symmetric(kind, others));
        }
        // `Do older patients relapse more?`
        let noun = self.subset.mention(compare + 1).is_some()
            || self
                .token(compare + 1)
                .is_some_and(|token| token.is_term() && !lexicon::is_stop(token));
        let subject = (compare <= 2 && noun)
            .then(|| self.compared_column(compare..compare + 1))
            .flatten();
        if let Some(exposure) = subject.filter(|column| !others.contains(column)) {
            let outcomes = if others.is_empty() {
                let outcome = self
                    .compared_column(compare + 1..self.length())
                    .filter(|column| *column != exposure);
                outcome.into_iter().collect()
            } else {
                others
            };
            return Some(Roles::of(InquiryKind::Relation, outcomes, vec![exposure]));
        }
        self.read_sides(compare, others)
    }

    /// Returns true for a mention of a level, or of a state that says which rows are meant.
    pub(super) fn names_a_group(&self, part: &Part) -> bool {
        part.aside
            || self
                .outline
                .mention(part.mention)
                .is_some_and(|mention| !mention.levels.is_empty())
    }

    /// Tells the outcome of a comparison from what it is compared by, where no level is named.
    pub(super) fn read_sides(&self, compare: usize, others: Vec<usize>) -> Option<Roles> {
        let (before, after) = (self.free_within(0..compare), self.free_within(compare..self.length()));
        let numeric = |columns: &[usize]| columns.iter().all(|column| self.is_amount(column));
        let kind = |exposures: &[usize]| {
            if numeric(exposures) {
                InquiryKind::Relation
            } else {
                InquiryKind::Difference
            }
        };
        if others.is_empty() {
            return None;
        }
        // `Does more A mean more B?`
        let again = (compare + 1..self.length()).find(|at| self.token(*at).is_some_and(lexicon::compares));
        if let Some(again) = again.filter(|_| before.is_empty()) {
            let (exposures, outcomes) = (self.free_within(compare..again), self.free_within(again..self.length()));
            if !exposures.is_empty() && !outcomes.is_empty() {
                return Some(Roles::of(kind(&exposures), outcomes, exposures));
            }
        }
        if before.is_empty() || after.is_empty() {
            let (amounts, groups): (Vec<usize>, Vec<usize>) = others.iter().partition(|column| self.is_amount(column));
            if !amounts.is_empty() && !groups.is_empty() {
                return Some(Roles::of(InquiryKind::Difference, amounts, groups));
            }
            let outcome = self
                .compared_column(0..self.length())
                .filter(|column| !others.contains(column));
            return Some(match outcome {
                Some(outcome) => Roles::of(kind(&others), vec![outcome], others),
                None => Roles::of(InquiryKind::Difference, others, Vec::new()),
            });
        }
        let second = self
            .parts
            .iter()
            .map(|part| part.at)
            .find(|at| *at > compare)
            .unwrap_or_default();
        let linked = (compare..second)
            .any(|at| self.is_word(at, &["in", "with", "at", "for", "among", "by", "across", "between"]));
        let (outcomes, exposures) = match (numeric(&before), numeric(&after)) {
            (true, false) => (before, after),
            (false, true) => (after, before),
            _ if linked => (before, after),
            _ => (after, before),
        };
        Some(Roles::of(kind(&exposures), outcomes, exposures))
    }

    /// Returns true where a figure is asked for by a phrase, or by a word for one: `average pay per department`. A share
    /// of the scatter of something is no figure of its own.
    pub(super) fn asks_figure(&self) -> bool {
        let scatters = |at: usize| self.token(at).is_some_and(cues::is_scatter);
        let has_word = |at: usize| self.token(at).is_some_and(cues::is_figure);
        let asks = self.first(&[Cue::Describes]).is_some() || (0..self.length()).any(has_word);
        asks && !(0..self.length()).any(scatters)
    }

    /// Reads a question without a verb that the rules know: what is named is described, or goes together.
    pub(super) fn read_without_verb(&self) -> Roles {
        let mut all = self.within(0..self.length());
        if all.is_empty() {
            // `How old are people?`
            let after_how = |at: &usize| at.checked_sub(1).is_some_and(|before| self.is_word(before, &["how"]));
            let adjective = (0..self.length()).filter(after_how).find_map(|at| self.token(at));
            let quantities = adjective.and_then(lexicon::asked_quantities);
            all.extend(quantities.and_then(|quantities| self.outline.index.find_quantity(quantities)));
        }
        let by = (0..self.length()).find(|at| self.is_word(*at, &["by", "per", "across"]) && !self.subset.is_used(*at));
        let exposures = by.map_or_else(Vec::new, |at| self.within(at..self.length()));
        let outcomes: Vec<usize> = all
            .iter()
            .copied()
            .filter(|column| !exposures.contains(column))
            .collect();
        let describes = self.asks_figure();
        if describes || (!exposures.is_empty() && !outcomes.is_empty()) {
            let kind = if describes {
                InquiryKind::Description
            } else {
                InquiryKind::Difference
            };
            return Roles::of(kind, outcomes, exposures);
        }
        match all.len() {
            0 => Roles::default(),
            // Who has it is told by what else they have.
            1 if (0..self.length()).any(|at| self.is_word(at, &["who"])) => {
                Roles::of(InquiryKind::Relation, all, Vec::new())
            }
            1 => Roles::of(InquiryKind::Description, all, Vec::new()),
            _ => Roles::symmetric(InquiryKind::Relation, all),
        }
    }
}
