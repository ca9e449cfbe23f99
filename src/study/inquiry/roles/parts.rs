//! The phrases of a clause, and the mentions that may take a role in it.

use std::collections::BTreeSet;

use super::{
    super::{
        InquiryKind,
        bounds::Bound,
        cues::{self, Cue},
        lexicon,
        naming::Mention,
        subset::{Condition, Test, state_level},
        words::Token,
    },
    ClauseReader, Found, NEAR, Part, Roles, add,
};
use crate::study::ValueType;

impl<'a> ClauseReader<'_, 'a> {
    pub(super) fn find_cues(&mut self) {
        let mut at = 0;
        while at < self.length() {
            let mut tokens: Vec<&Token> = Vec::new();
            for here in at..at + 6 {
                match self.token(here).filter(|_| !self.subset.is_used(here)) {
                    Some(token) => tokens.push(token),
                    None => break,
                }
            }
            let found = cues::find_cue(&tokens).filter(|(length, cue)| self.is_meant(at, *length, *cue));
            match found {
                Some((length, cue)) => {
                    self.cues.push(Found {
                        at,
                        end: at + length,
                        cue,
                    });
                    self.subset.mark_used(at..at + length);
                    self.mark_linked_words(at + length, cue);
                    at += length;
                }
                None => at += 1,
            }
        }
    }

    pub(super) fn is_meant(&self, at: usize, length: usize, cue: Cue) -> bool {
        match cue {
            Cue::Predicts => !self.is_word(at + length, &["me", "us", "whether", "if"]) || !self.is_word(at, &["tell"]),
            // `is lower in`, `lower than`: a comparison.
            Cue::Affects if self.is_word(at, &["lower", "cut"]) => {
                !self.is_word(0, &["is", "are", "was", "were"])
                    && !self.is_word(at + length, &["than", "in", "for", "among", "with", "on", "at"])
            }
            Cue::Through => (at + 1..at + 5).any(|here| self.subset.mention(here).is_some()),
            _ => true,
        }
    }

    /// Marks the `of`, `on`, `between` and `with` that belong to a noun, so that they speak of no rows.
    pub(super) fn mark_linked_words(&mut self, from: usize, cue: Cue) {
        let links: &[&str] = match cue {
            Cue::EffectOf | Cue::Interacts | Cue::Dose => &["of", "on", "upon", "over", "in", "for", "between", "to"],
            Cue::RelationOf => &["of", "between", "with", "to"],
            Cue::Difference => &["in", "of", "between", "for"],
            Cue::Moves | Cue::Affects | Cue::Predicts | Cue::Explains | Cue::Mediates | Cue::Moderates => {
                &["by", "from", "with"]
            }
            _ => return,
        };
        let only_next = !matches!(
            cue,
            Cue::EffectOf | Cue::RelationOf | Cue::Interacts | Cue::Dose | Cue::Difference
        );
        let mut kinds: BTreeSet<&str> = BTreeSet::new();
        let last = if only_next {
            from + 1
        } else {
            self.length().min(from + NEAR)
        };
        for at in from..last {
            let Some(token) = self.token(at) else { continue };
            let own = links.iter().find(|word| **word == token.lower);
            // `on` and `in` both begin what is acted on, so only the first of them belongs to the noun.
            let class = own.map(|word| {
                if matches!(*word, "on" | "upon" | "over" | "in" | "for") {
                    "on"
                } else {
                    *word
                }
            });
            if let Some(class) = class
                && kinds.insert(class)
            {
                self.subset.mark_used(at..at + 1);
            }
        }
    }

    /// Lists the mentions that may take a role, and takes those out that say which rows are meant.
    pub(super) fn find_parts(&mut self) {
        for at in 0..self.length() {
            let Some(number) = self.subset.mention(at).filter(|_| !self.subset.is_used(at)) else {
                continue;
            };
            let (Some(mention), Some(column)) = (self.outline.mention(number), self.outline.column(number)) else {
                continue;
            };
            if column.value_type.is_name() && mention.levels.is_empty() {
                continue;
            }
            let governor = self.governor(at);
            let differs = self.cues.iter().any(|found| found.cue == Cue::Differs);
            if !differs && self.names_all_rows(at, governor, mention, column.value_type) {
                continue;
            }
            let each = (1..=2).any(|step| {
                at.checked_sub(step)
                    .is_some_and(|before| self.is_word(before, &["each", "every"]))
            });
            if each && governor.is_some() && mention.levels.is_empty() && !column.value_type.is_amount() {
                add(&mut self.subset.given, &mention.columns);
                continue;
            }
            let describes = self.describes();
            let strong = governor.is_some_and(|word| matches!(word, "among" | "amongst" | "within" | "only"));
            let weak = governor.is_some_and(|word| {
                matches!(
                    word,
                    "in" | "for"
                        | "on"
                        | "at"
                        | "with"
                        | "without"
                        | "under"
                        | "during"
                        | "from"
                        | "who"
                        | "that"
                        | "whose"
                        | "when"
                        | "where"
                ) || word == "of" && describes
            });
            let level = !mention.levels.is_empty() || mention.number.is_some() || self.state(number).is_some();
            if governor == Some("within") && !level && !column.value_type.is_amount() {
                add(&mut self.subset.given, &mention.columns);
                continue;
            }
            if level && (strong || weak && self.stands_before_a_comma(at)) {
                self.require(number, at);
                continue;
            }
            // `How many women smoke?`
            let counted = describes
                && !mention.levels.is_empty()
                && at.checked_sub(1).is_some_and(|before| self.subset.is_used(before));
            self.parts.push(Part {
                at,
                mention: number,
                aside: (weak || counted) && level,
                level,
            });
        }
    }

    /// Returns true where a figure is asked for: `What is the rate of ...`.
    pub(super) fn describes(&self) -> bool {
        let plain = self.is_word(0, &["what"]) && self.is_word(1, &["is", "are", "was", "were"]);
        self.cues.iter().any(|found| found.cue == Cue::Describes) || (plain && self.cues.is_empty())
    }

    /// Returns true for a noun that has a column of its own but stands for the rows: `Do richer countries ...`.
    pub(super) fn names_all_rows(
        &self,
        at: usize,
        governor: Option<&str>,
        mention: &Mention,
        value_type: ValueType,
    ) -> bool {
        let token = self
            .outline
            .tokens
            .get(mention.start)
            .filter(|_| mention.end == mention.start + 1);
        let Some(token) = token.filter(|token| lexicon::is_background(token) && !token.quoted) else {
            return false;
        };
        let before = at.saturating_sub(1);
        let subject = self.is_word(before, &["do", "are", "did", "were", "have", "can"])
            || self.token(before).is_some_and(lexicon::compares);
        // `What goes with a longer life in a country?`
        let any = governor == Some("in") && self.is_word(before, &["a", "an", "any"]);
        let rows = subject && governor.is_none() && token.lower != token.stem || any;
        rows && mention.levels.is_empty() && value_type == ValueType::Category
    }

    /// Returns true for a phrase at the beginning that a comma sets apart.
    pub(super) fn stands_before_a_comma(&self, at: usize) -> bool {
        let only_words = (1..at).all(|here| {
            self.subset.mention(here).is_some()
                || self
                    .token(here)
                    .is_some_and(|token| !lexicon::compares(token) && !lexicon::opens(token))
        });
        let comma = (at + 1..at + 4).find(|here| self.token(*here).is_some_and(|token| token.is_mark(',')));
        let starts = self.is_word(
            0,
            &["in", "for", "at", "on", "with", "during", "under", "from", "among"],
        );
        starts && only_words && comma.is_some()
    }

    /// Gives the preposition that a mention stands after.
    pub(super) fn governor(&self, at: usize) -> Option<&'a str> {
        let mut content = 0;
        for here in (at.saturating_sub(NEAR)..at).rev() {
            if self.subset.mention(here).is_some() {
                if self.subset.is_used(here) || !self.continues(here, at) {
                    return None;
                }
                continue;
            }
            let token = self.token(here)?;
            if self.subset.is_used(here) || token.is_mark('?') {
                return None;
            }
            let word = token.lower.as_str();
            if matches!(
                word,
                "among"
                    | "amongst"
                    | "within"
                    | "only"
                    | "in"
                    | "for"
                    | "on"
                    | "at"
                    | "with"
                    | "without"
                    | "under"
                    | "during"
                    | "from"
                    | "of"
                    | "by"
                    | "who"
                    | "that"
                    | "whose"
                    | "when"
                    | "where"
            ) {
                let narrowed = here
                    .checked_sub(1)
                    .is_some_and(|before| self.is_word(before, &["only"]));
                return Some(if narrowed { "only" } else { word });
            }
            let joins = matches!(
                word,
                "the"
                    | "a"
                    | "an"
                    | "all"
                    | "each"
                    | "every"
                    | "both"
                    | "those"
                    | "these"
                    | "their"
                    | "any"
                    | "other"
                    | "our"
                    | "no"
                    | "not"
                    | "non"
                    | "and"
                    | "or"
                    | "are"
                    | "is"
                    | "were"
                    | "was"
                    | "do"
                    | "had"
                    | "have"
                    | "has"
            );
            let list = token.is_mark(',') && self.subset.mention(here + 1).is_some() && self.lists(here);
            if joins || token.is_mark('-') || list {
                // `are` joins only after `who` or `that`.
                let verb = matches!(word, "are" | "is" | "were" | "was" | "do" | "had" | "have" | "has");
                if verb
                    && !here
                        .checked_sub(1)
                        .is_some_and(|before| self.is_word(before, &["who", "that", "which"]))
                {
                    return None;
                }
                continue;
            }
            if lexicon::is_stop(token) || lexicon::compares(token) || !token.is_term() {
                return None;
            }
            content += 1;
            if content > 2 {
                return None;
            }
        }
        None
    }

    /// Returns true if a mention goes on with the one before it: `Gentoo females`, `men and women`, not `women smoke`.
    pub(super) fn continues(&self, before: usize, at: usize) -> bool {
        let mention = self.subset.mention(at).and_then(|number| self.outline.mention(number));
        let word = mention.and_then(|mention| self.outline.tokens.get(mention.end.saturating_sub(1)));
        before + 1 < at
            || mention.is_some_and(|mention| !mention.levels.is_empty())
            || word.is_some_and(|word| word.lower.ends_with('s') || word.lower.ends_with("ed"))
    }

    pub(super) fn lists(&self, comma: usize) -> bool {
        comma
            .checked_sub(1)
            .is_some_and(|before| self.subset.mention(before).is_some())
    }

    /// Gives the level that a mention of a column of two levels stands for.
    pub(super) fn state(&self, number: usize) -> Option<usize> {
        let mention = self.outline.mention(number)?;
        if mention.columns.len() > 1 {
            return None;
        }
        let word = self.outline.tokens.get(mention.start)?;
        let by_participle = word.lower.ends_with("ed");
        state_level(self.outline.column(number)?, mention.negated, by_participle)
    }

    /// Makes a condition of a mention.
    pub(super) fn require(&mut self, number: usize, at: usize) {
        let Some(mention) = self.outline.mention(number) else {
            return;
        };
        let column = mention.column();
        let levels = match (mention.levels.as_slice(), self.state(number)) {
            ([], Some(level)) => vec![level],
            ([], None) => {
                if let Some(value) = mention.number {
                    let test = Test::Bounded(Bound::Equal, value);
                    self.subset.conditions.push(Condition { column, test, at });
                }
                return;
            }
            (levels, _) if mention.negated => {
                let all = self.outline.column(number).map_or(0, |column| column.levels.len());
                (0..all).filter(|level| !levels.contains(level)).collect()
            }
            (levels, _) => levels.to_vec(),
        };
        let known = self.subset.conditions.iter_mut().find(|known| known.column == column);
        match known.map(|known| &mut known.test) {
            Some(Test::Levels(known)) => add(known, &levels),
            _ => self.subset.conditions.push(Condition {
                column,
                test: Test::Levels(levels),
                at,
            }),
        }
    }

    /// `Is the price higher for homes built after 2000?` compares these homes with the others.
    pub(super) fn compare_bounded_rows(&mut self, roles: &mut Roles) {
        let compares = roles.kind == Some(InquiryKind::Difference) && roles.exposures.is_empty() && !roles.symmetric;
        if compares && !roles.outcomes.is_empty() && !self.parts.iter().any(|part| part.aside) {
            for condition in std::mem::take(&mut self.subset.conditions) {
                add(&mut roles.exposures, &[condition.column]);
            }
        }
    }

    /// Makes conditions of the mentions that took no role, and drops those that all rows meet.
    pub(super) fn take_conditions(&mut self, roles: &Roles) {
        let asides: Vec<Part> = self.parts.iter().copied().filter(|part| part.aside).collect();
        for Part {
            mention: number, at, ..
        } in asides
        {
            let Some(mention) = self.outline.mention(number) else {
                continue;
            };
            let in_role = |column: &usize| roles.outcomes.contains(column) || roles.exposures.contains(column);
            if !mention.columns.iter().any(in_role) {
                self.require(number, at);
            }
        }
        let columns = self.outline.columns;
        self.subset.conditions.retain(|condition| match &condition.test {
            Test::Levels(levels) => columns
                .get(condition.column)
                .is_some_and(|column| levels.len() < column.levels.len()),
            _ => true,
        });
        self.subset.conditions.sort_by_key(|condition| condition.at);
        for condition in &mut self.subset.conditions {
            if let Test::Levels(levels) = &mut condition.test {
                levels.sort_unstable();
            }
        }
    }
}
