//! What the question says of the columns, by its words alone.

use std::collections::BTreeSet;

use crate::message::ResearchPlan;
use crate::science::Profile;

/// The columns that a question is about.
#[derive(Debug, Clone, Default)]
pub struct Interest {
    /// The outcome column.
    pub target: Option<String>,
    /// Columns whose names' words stand in the question.
    pub mentioned: BTreeSet<String>,
    /// `+` or `-`, when the question says which way it expects things to go.
    pub direction: Option<&'static str>,
}

const RISING: [&str; 7] = [
    "increase",
    "increases",
    "raise",
    "raises",
    "improve",
    "improves",
    "higher",
];
const FALLING: [&str; 9] = [
    "decrease",
    "decreases",
    "lower",
    "lowers",
    "reduce",
    "reduces",
    "worsen",
    "worsens",
    "prevent",
];

impl Interest {
    /// Reads the plan's question against the columns of a table.
    pub fn read(plan: &ResearchPlan, profile: &Profile) -> Self {
        Self::of(&plan.question, plan.target.as_deref(), profile)
    }

    /// Reads a question with its target against the columns of a table.
    pub fn of(question: &str, target: Option<&str>, profile: &Profile) -> Self {
        let words = words(question);
        let question: BTreeSet<String> = words.iter().map(|word| stem(word)).collect();
        let mentioned = profile
            .columns
            .iter()
            .filter(|column| {
                let name: Vec<String> = self::words(&column.name)
                    .iter()
                    .filter(|word| word.len() > 1)
                    .map(|word| stem(word))
                    .collect();
                let telling: Vec<&String> = name.iter().filter(|word| !UNITS.contains(&word.as_str())).collect();
                !telling.is_empty() && telling.iter().all(|word| question.contains(*word))
            })
            .map(|column| column.name.clone())
            .collect();
        let says = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        let direction = match (says(&RISING), says(&FALLING)) {
            (true, false) => Some("+"),
            (false, true) => Some("-"),
            _ => None,
        };
        Self {
            target: target.map(str::to_owned),
            mentioned,
            direction,
        }
    }

    /// Whether the column is the target.
    pub fn is_target(&self, column: &str) -> bool {
        self.target.as_deref() == Some(column)
    }

    /// How much a pair has to do with the question: 1 for the target with a mentioned column, 0.8 with
    /// the target, 0.9 for two mentioned, 0.6 for one, 0.3 for none; and without any hint, 0.5 for all.
    pub fn relevance(&self, x: &str, y: &str) -> f64 {
        let target = self.is_target(x) || self.is_target(y);
        let mentioned = [x, y].iter().filter(|name| self.mentioned.contains(**name)).count();
        match (target, mentioned) {
            _ if self.target.is_none() && self.mentioned.is_empty() => 0.5,
            (true, 1..) if mentioned == 2 || !self.mentioned.contains(self.target.as_deref().unwrap_or_default()) => {
                1.0
            }
            (true, _) => 0.8,
            (false, 2) => 0.9,
            (false, 1) => 0.6,
            (false, _) => 0.3,
        }
    }
}

/// Words that name a unit and not a quantity.
const UNITS: [&str; 14] = [
    "mm", "cm", "km", "kg", "mg", "ml", "pct", "usd", "eur", "sec", "min", "num", "per", "percent",
];

fn words(text: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(text.len() + 8);
    let mut lower = false;
    for letter in text.chars() {
        if letter.is_uppercase() && lower {
            spaced.push(' ');
        }
        lower = letter.is_lowercase();
        spaced.push(if letter.is_alphanumeric() { letter } else { ' ' });
    }
    spaced.to_lowercase().split_whitespace().map(str::to_owned).collect()
}

/// Cuts a plural's ending, so that `lengths` is `length`.
fn stem(word: &str) -> String {
    match word.strip_suffix('s') {
        Some(single) if single.len() > 2 && !single.ends_with('s') => single.to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_the_question_by_their_words() {
        assert_eq!(
            words("bodyMass_g, Flipper-Length"),
            ["body", "mass", "g", "flipper", "length"]
        );
        assert_eq!(stem("lengths"), "length");
        assert_eq!(stem("mass"), "mass");
        assert_eq!(stem("species"), "specie");
    }
}
