//! Rules by which families of tests are proposed that no code here knows of: `[proposed]` in their `template.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::science::{Column, HypothesisKind, Profile, Role};

/// When a family's test follows, of which columns, and what it claims.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Kinds of test: a pair that one of them shows on the explore part is proposed for this family.
    pub follows: Vec<HypothesisKind>,
    /// Roles that the explaining column may have.
    pub x: Vec<Role>,
    /// Roles that the outcome may have.
    pub y: Vec<Role>,
    /// The claim in a sentence, with `{x}` and `{y}` for the columns.
    pub statement: String,
    /// Why it is worth a test, in a few words.
    pub rationale: String,
    /// What its directions mean, where `+` is not that a higher `{x}` goes with a higher `{y}`.
    #[serde(default)]
    pub directions: Option<Directions>,
}

/// The two directions in words, each a clause with `{x}` and `{y}` for the columns.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directions {
    /// What `+` means.
    #[serde(rename = "+")]
    pub plus: String,
    /// What `-` means.
    #[serde(rename = "-")]
    pub minus: String,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A list that must name something.
    #[error("`{list}` is empty, so that nothing would ever be proposed")]
    Empty {
        #[allow(missing_docs)]
        list: &'static str,
    },
    /// A kind in `follows` without a test.
    #[error("`follows` names `{kind}`, which is no family of tests: register it in agent.toml, or correct the name")]
    UnknownKind {
        #[allow(missing_docs)]
        kind: HypothesisKind,
    },
    /// Braces around something else than a column.
    #[error("`{text}` has braces around something other than `x` and `y`")]
    Placeholder {
        #[allow(missing_docs)]
        text: String,
    },
}

impl Rule {
    /// Checks what its types leave open; `is_test` tells of a kind whether it is a family of tests.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self, is_test: impl Fn(&str) -> bool) -> Result<(), RuleError> {
        let lists = [
            ("follows", self.follows.is_empty()),
            ("x", self.x.is_empty()),
            ("y", self.y.is_empty()),
        ];
        if let Some((list, _)) = lists.into_iter().find(|(_, empty)| *empty) {
            return Err(RuleError::Empty { list });
        }
        if let Some(kind) = self.follows.iter().find(|kind| !is_test(kind)) {
            return Err(RuleError::UnknownKind { kind: kind.clone() });
        }
        let directions = self.directions.iter().flat_map(|words| [&words.plus, &words.minus]);
        for text in std::iter::once(&self.statement).chain(directions) {
            if filled(text, "", "").is_none() {
                return Err(RuleError::Placeholder { text: text.clone() });
            }
        }
        Ok(())
    }

    /// Whether columns of these roles may be its `x` and `y`.
    pub fn fits_roles(&self, x: &Column, y: &Column) -> bool {
        self.x.contains(&x.role) && self.y.contains(&y.role)
    }

    /// Whether the columns may be its `x` and `y`.
    pub fn fits(&self, profile: &Profile, x: &str, y: &str) -> bool {
        let usable = |name: &str| profile.column_named(name).filter(|column| column.usable);
        let fits = usable(x).zip(usable(y)).is_some_and(|(x, y)| self.fits_roles(x, y));
        x != y && fits && profile.find_tautology(x, y).is_none()
    }

    /// The claim of two columns.
    pub fn statement(&self, x: &str, y: &str) -> String {
        filled(&self.statement, x, y).unwrap_or_default()
    }

    /// What the directions mean for two columns, by their signs; nothing where that goes without saying.
    pub fn directions(&self, x: &str, y: &str) -> BTreeMap<String, String> {
        let words = self.directions.iter();
        words
            .flat_map(|words| [("+", &words.plus), ("-", &words.minus)])
            .filter_map(|(way, text)| Some((way.to_owned(), filled(text, x, y)?)))
            .collect()
    }
}

/// The text with the columns' names in place of `{x}` and `{y}`; none where there are other braces. In one pass,
/// because a name may itself hold braces.
fn filled(text: &str, x: &str, y: &str) -> Option<String> {
    let mut pieces = text.split('{');
    let mut out = pieces.next()?.to_owned();
    for piece in pieces {
        let (place, after) = piece.split_once('}')?;
        let name = match place {
            "x" => x,
            "y" => y,
            _ => return None,
        };
        out.push_str(&format!("`{name}`{after}"));
    }
    Some(out)
}

/// The rules of all families that have one, by kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules(BTreeMap<HypothesisKind, Rule>);

impl Rules {
    /// The rule of a family.
    pub fn of(&self, kind: &str) -> Option<&Rule> {
        self.0.get(kind)
    }

    /// Every family with its rule, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&HypothesisKind, &Rule)> {
        self.0.iter()
    }
}

impl FromIterator<(HypothesisKind, Rule)> for Rules {
    fn from_iter<I: IntoIterator<Item = (HypothesisKind, Rule)>>(rules: I) -> Self {
        Self(rules.into_iter().collect())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The rule of a family that nobody has heard of.
    pub(crate) const WOBBLE: &str = r#"
        follows = ["numeric_numeric"]
        x = ["numeric"]
        y = ["numeric"]
        statement = "{y} wobbles with {x}"
        rationale = "it might wobble"
        directions = { "+" = "{y} wobbles more at higher {x}", "-" = "{y} wobbles less at higher {x}" }
    "#;

    pub(crate) fn rule() -> Rule {
        toml::from_str(WOBBLE).unwrap()
    }

    #[test]
    fn columns_take_their_places_whatever_their_names() {
        let rule = rule();
        assert_eq!(rule.statement("{y}", "b c"), "`b c` wobbles with `{y}`");
        assert_eq!(rule.directions("a", "b")["-"], "`b` wobbles less at higher `a`");
    }

    #[test]
    fn faults_are_told() {
        let told = |change: fn(&mut Rule)| {
            let mut rule = rule();
            change(&mut rule);
            rule.check(|kind| kind == "numeric_numeric")
                .map_err(|fault| fault.to_string())
        };
        assert_eq!(told(|_| {}), Ok(()));
        for (change, part) in [
            ((|rule| rule.follows.clear()) as fn(&mut Rule), "`follows` is empty"),
            (|rule| rule.y.clear(), "`y` is empty"),
            (|rule| rule.follows.push("wibble".to_owned()), "`wibble`"),
            (|rule| rule.statement.push_str(" {z}"), "braces"),
            (|rule| rule.statement.push_str(" {x"), "braces"),
            (
                |rule| rule.directions.iter_mut().for_each(|words| words.minus.push_str("{}")),
                "braces",
            ),
        ] {
            let fault = told(change).unwrap_err();
            assert!(fault.contains(part), "{fault}");
        }
    }
}
