//! The columns that a person names by flags or in the run file, beside the question.

use super::{Inquiry, InquiryKind};

/// The columns that were named for a part in the question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeclaredRoles<'a> {
    /// The column to be explained.
    pub outcome: Option<&'a str>,
    /// The column that explains.
    pub exposure: Option<&'a str>,
    /// The columns to be held fixed.
    pub given: &'a [String],
}

impl<'a> DeclaredRoles<'a> {
    /// An outcome alone, or nothing.
    pub fn of_outcome(outcome: Option<&'a str>) -> Self {
        Self {
            outcome,
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        self.outcome.is_none() && self.exposure.is_none() && self.given.is_empty()
    }
}

impl Inquiry {
    /// The same question with these parts taken: they win over what the question says. With an outcome alone, every
    /// other column that the question asks about explains it. Who names a part asks for a relation, and for no mere
    /// description, unless the question asks for a figure of that very outcome.
    pub fn declare(mut self, roles: DeclaredRoles<'_>) -> Self {
        if roles.is_empty() || self.describes_alone(roles) {
            return self;
        }
        if !roles.given.is_empty() {
            self.given = roles.given.to_vec();
        }
        let asked: Vec<String> = self.exposures.iter().chain(&self.outcomes).cloned().collect();
        let others = |taken: &[Option<&str>]| {
            let mut names: Vec<String> = Vec::new();
            for name in &asked {
                let free = !taken.contains(&Some(name.as_str())) && !self.given.contains(name);
                if free && !names.contains(name) {
                    names.push(name.clone());
                }
            }
            names
        };
        match (roles.outcome, roles.exposure) {
            (Some(outcome), Some(exposure)) => {
                self.outcomes = vec![outcome.to_owned()];
                self.exposures = vec![exposure.to_owned()];
            }
            (Some(outcome), None) => {
                let exposures = others(&[Some(outcome)]);
                self.outcomes = vec![outcome.to_owned()];
                self.exposures = exposures;
            }
            (None, Some(exposure)) => {
                let outcomes = others(&[Some(exposure)]);
                self.outcomes = outcomes;
                self.exposures = vec![exposure.to_owned()];
            }
            (None, None) => {}
        }
        if roles.outcome.is_some() || roles.exposure.is_some() {
            self.symmetric = false;
            if self.kinds == [InquiryKind::Description] {
                self.kinds = vec![InquiryKind::Relation];
            }
        }
        self.read_as = self.describe_declared();
        self
    }

    /// Whether the question asks for a figure of the very column that was named as the outcome, and nothing else was
    /// named.
    fn describes_alone(&self, roles: DeclaredRoles<'_>) -> bool {
        let alone = roles.exposure.is_none() && roles.given.is_empty();
        let outcome = roles.outcome.map(str::to_owned);
        alone && self.asks_description() && self.outcomes.first() == outcome.as_ref() && self.outcomes.len() == 1
    }

    fn describe_declared(&self) -> String {
        let names = |list: &[String]| {
            let quoted: Vec<String> = list.iter().map(|name| format!("`{name}`")).collect();
            quoted.join(" and ")
        };
        let mut text = match (&*self.outcomes, &*self.exposures) {
            ([], []) => "any columns, because none is named".to_owned(),
            ([], exposures) => format!("any outcome, explained by {}", names(exposures)),
            (outcomes, []) => format!("the outcome {}, explained by any other column", names(outcomes)),
            (both, _) if self.symmetric => format!("how {} go together", names(both)),
            (outcomes, exposures) => format!("the outcome {}, explained by {}", names(outcomes), names(exposures)),
        };
        if let Some(rows) = &self.rows {
            text.push_str(&format!(", among rows where {rows}"));
        }
        if !self.given.is_empty() {
            text.push_str(&format!(", with {} held fixed", names(&self.given)));
        }
        text
    }

    /// The relations that are asked for by name, as exposure and outcome, in order. Empty for a question whose other
    /// side is open.
    pub fn asked_relations(&self) -> Vec<(String, String)> {
        let mut relations: Vec<(String, String)> = Vec::new();
        let mut ask = |x: &String, y: &String| {
            let relation = (x.clone(), y.clone());
            if x != y && !relations.contains(&relation) {
                relations.push(relation);
            }
        };
        if self.asks_description() {
            return relations;
        }
        if self.symmetric {
            for (place, first) in self.outcomes.iter().enumerate() {
                self.outcomes
                    .iter()
                    .skip(place + 1)
                    .for_each(|second| ask(first, second));
            }
            return relations;
        }
        // The third column of a moderation or a mediation is not asked about for itself.
        let third = self
            .kinds
            .iter()
            .any(|kind| matches!(kind, InquiryKind::Moderation | InquiryKind::Mediation));
        let explaining = match self.exposures.split_last() {
            Some((_, first)) if third && !first.is_empty() => first,
            _ => &self.exposures,
        };
        for outcome in &self.outcomes {
            explaining.iter().for_each(|exposure| ask(exposure, outcome));
        }
        relations
    }

    /// The named columns of a question whose other side is open.
    pub fn open_columns(&self) -> &[String] {
        if self.asks_description() {
            return &[];
        }
        match (self.outcomes.is_empty(), self.exposures.is_empty()) {
            (false, true) => &self.outcomes,
            (true, false) => &self.exposures,
            _ => &[],
        }
    }

    /// Whether figures of the outcomes are asked for, over all rows or in groups, and no relation.
    pub fn asks_description(&self) -> bool {
        let asks = self.kinds == [InquiryKind::Description] && self.figure.is_some();
        asks && !self.outcomes.is_empty() && !self.symmetric
    }

    /// The columns of the groups that figures are asked for in.
    pub fn groups(&self) -> impl Iterator<Item = &String> {
        self.exposures.iter().chain(&self.given)
    }

    /// Whether only a description of a column is asked for.
    pub fn asks_description_alone(&self) -> bool {
        self.exposures.is_empty() && !self.outcomes.is_empty() && self.kinds == [InquiryKind::Description]
    }
}

#[cfg(test)]
mod tests {
    use super::{super::AskedFigure, *};

    fn inquiry(outcomes: &[&str], exposures: &[&str], symmetric: bool) -> Inquiry {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        Inquiry {
            outcomes: names(outcomes),
            exposures: names(exposures),
            symmetric,
            ..Inquiry::default()
        }
    }

    fn pairs(inquiry: &Inquiry) -> Vec<(String, String)> {
        inquiry.asked_relations()
    }

    fn pair(x: &str, y: &str) -> (String, String) {
        (x.to_owned(), y.to_owned())
    }

    #[test]
    fn what_is_declared_wins_over_the_question() {
        let both = inquiry(&["a", "b"], &["a", "b"], true);
        assert_eq!(pairs(&both), [pair("a", "b")]);
        let roles = DeclaredRoles {
            outcome: Some("a"),
            ..DeclaredRoles::default()
        };
        let told = both.clone().declare(roles);
        assert_eq!(pairs(&told), [pair("b", "a")]);
        assert!(!told.symmetric);
        assert_eq!(told.read_as, "the outcome `a`, explained by `b`");
        let roles = DeclaredRoles {
            outcome: Some("c"),
            exposure: Some("d"),
            given: &["e".to_owned()],
        };
        let told = both.clone().declare(roles);
        assert_eq!(pairs(&told), [pair("d", "c")]);
        assert_eq!(told.read_as, "the outcome `c`, explained by `d`, with `e` held fixed");
        let roles = DeclaredRoles {
            exposure: Some("b"),
            ..DeclaredRoles::default()
        };
        assert_eq!(pairs(&both.declare(roles)), [pair("b", "a")]);
    }

    #[test]
    fn a_question_without_a_second_side_asks_for_no_relation() {
        let open = inquiry(&["a"], &[], false);
        assert_eq!((pairs(&open), open.open_columns()), (vec![], &["a".to_owned()][..]));
        let roles = DeclaredRoles {
            outcome: Some("a"),
            ..DeclaredRoles::default()
        };
        let told = inquiry(&[], &[], false).declare(roles);
        assert_eq!(told.read_as, "the outcome `a`, explained by any other column");
        assert_eq!(pairs(&told), []);
    }

    #[test]
    fn an_outcome_is_named_to_be_explained() {
        let mut question = inquiry(&["a"], &[], false);
        question.kinds = vec![InquiryKind::Description];
        assert!(question.asks_description_alone());
        let told = question.clone().declare(DeclaredRoles::of_outcome(Some("a")));
        assert!(!told.asks_description_alone());
        // A figure of that very column.
        question.figure = Some(AskedFigure::Share);
        assert!(
            question
                .clone()
                .declare(DeclaredRoles::of_outcome(Some("a")))
                .asks_description()
        );
        assert!(
            !question
                .clone()
                .declare(DeclaredRoles::of_outcome(Some("b")))
                .asks_description()
        );
        let roles = DeclaredRoles {
            outcome: Some("a"),
            exposure: Some("b"),
            given: &[],
        };
        assert!(!question.declare(roles).asks_description());
    }

    #[test]
    fn the_third_column_of_a_moderation_is_no_relation_of_its_own() {
        let mut question = inquiry(&["y"], &["x", "z"], false);
        assert_eq!(pairs(&question), [pair("x", "y"), pair("z", "y")]);
        question.kinds = vec![InquiryKind::Moderation];
        assert_eq!(pairs(&question), [pair("x", "y")]);
    }
}
