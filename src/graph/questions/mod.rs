//! Named questions to the graph, which both stores answer alike: each is built on walks, edges around nodes and lists.
//!
//! [`QUESTIONS`] is the table of them; a new one is its function and its entry there.

mod echoes;
mod error;
mod evidence;
mod findings;
mod hypotheses;
mod named;
mod runs;
mod settled;
mod verdicts;

use futures::future::BoxFuture;
use serde_json::Value;

pub use error::QuestionError;
pub(super) use named::find_node;
pub use named::{known_project, known_variable};

use super::{GraphStore, Node};

/// A question by its name.
#[derive(Debug)]
pub struct Question {
    /// The question's name.
    pub name: &'static str,
    /// The kind of its argument, if it takes one.
    pub parameter: Option<Parameter>,
    /// In a line, what it asks.
    pub about: &'static str,
    /// Of its answer.
    pub columns: &'static [&'static str],
    /// Those of them that are shown where there is little room.
    pub shown: &'static [&'static str],
    ask: Ask,
}

/// The kind of a question's argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// As help shows it.
    pub name: &'static str,
    /// Whether there is no question without it.
    pub needed: bool,
}

/// An answer: rows that have a value for each column, the best first.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerTable {
    /// The columns' names.
    pub columns: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

type Rows = Vec<Vec<Value>>;

type Ask = for<'a> fn(Asked<'a>) -> BoxFuture<'a, Result<Rows, QuestionError>>;

/// A question as it was asked.
#[derive(Clone, Copy)]
struct Asked<'a> {
    store: &'a dyn GraphStore,
    argument: Option<&'a str>,
    limit: usize,
}

const VARIABLE: Parameter = Parameter {
    name: "VARIABLE",
    needed: true,
};

const ANY_VARIABLE: Parameter = Parameter {
    name: "VARIABLE",
    needed: false,
};

/// All questions, in the order in which they are listed.
pub const QUESTIONS: &[Question] = &[
    Question {
        name: "runs",
        parameter: Some(Parameter {
            name: "PROJECT",
            needed: false,
        }),
        about: "runs that wrote to the graph, of a project or of all",
        columns: &["name", "project", "question", "cycles"],
        shown: &["name", "project", "question", "cycles"],
        ask: runs::answer_runs,
    },
    Question {
        name: "neighbours",
        parameter: Some(VARIABLE),
        about: "findings that speak of a variable, the smallest q first",
        columns: findings::COLUMNS,
        shown: &["statement", "direction", "effect", "q", "wording"],
        ask: findings::answer_neighbours,
    },
    Question {
        name: "hypotheses",
        parameter: Some(VARIABLE),
        about: "claims on a variable, and how often tests spoke for, against or neither way",
        columns: hypotheses::COLUMNS,
        shown: &["statement", "kind", "supported", "refuted", "open"],
        ask: hypotheses::answer_hypotheses,
    },
    Question {
        name: "open",
        parameter: Some(ANY_VARIABLE),
        about: "tests that left their claim open, the smallest p first",
        columns: verdicts::COLUMNS,
        shown: verdicts::SHOWN,
        ask: verdicts::answer_open,
    },
    Question {
        name: "refuted",
        parameter: Some(ANY_VARIABLE),
        about: "tests that detected no association, the smallest p first",
        columns: verdicts::COLUMNS,
        shown: verdicts::SHOWN,
        ask: verdicts::answer_refuted,
    },
    Question {
        name: "settled",
        parameter: Some(Parameter {
            name: "DATASET",
            needed: true,
        }),
        about: "what was judged on a table (its name, or how its SHA-256 begins), the smallest p first",
        columns: settled::COLUMNS,
        shown: &["statement", "verdict", "effect", "p", "q"],
        ask: settled::answer_settled,
    },
    Question {
        name: "contradictions",
        parameter: Some(ANY_VARIABLE),
        about: "findings of the opposite sign as an earlier one on other data",
        columns: echoes::COLUMNS,
        shown: echoes::SHOWN,
        ask: echoes::answer_contradictions,
    },
    Question {
        name: "replications",
        parameter: Some(ANY_VARIABLE),
        about: "findings that say again what an earlier one said of other data",
        columns: echoes::COLUMNS,
        shown: echoes::SHOWN,
        ask: echoes::answer_replications,
    },
    Question {
        name: "evidence",
        parameter: Some(Parameter {
            name: "FINDING",
            needed: true,
        }),
        about: "the results, scripts and runs that a finding (its id, or how that begins) rests on",
        columns: evidence::COLUMNS,
        shown: evidence::COLUMNS,
        ask: evidence::answer_evidence,
    },
];

impl Question {
    /// The question of that name.
    ///
    /// # Errors
    /// [`QuestionError::Question`] when there is none.
    pub fn find_question(name: &str) -> Result<&'static Self, QuestionError> {
        let found = QUESTIONS.iter().find(|question| question.name == name);
        found.ok_or_else(|| QuestionError::Question {
            asked: name.to_owned(),
            nearest: named::nearest_names(name, QUESTIONS.iter().map(|question| question.name)),
        })
    }

    /// Its name and parameter, as they are written at a shell.
    pub fn usage_line(&self) -> String {
        match self.parameter {
            None => self.name.to_owned(),
            Some(Parameter { name, needed: true }) => format!("{} {name}", self.name),
            Some(Parameter { name, needed: false }) => format!("{} [{name}]", self.name),
        }
    }

    /// Asks it, for so many rows at most.
    ///
    /// # Errors
    /// When it lacks what it is about, or the graph does not know that; those of the store.
    pub async fn ask(
        &self,
        store: &dyn GraphStore,
        argument: Option<&str>,
        limit: usize,
    ) -> Result<AnswerTable, QuestionError> {
        self.check_argument(argument)?;
        let mut rows = (self.ask)(Asked { store, argument, limit }).await?;
        rows.truncate(limit);
        Ok(AnswerTable {
            rows,
            ..self.empty_table()
        })
    }

    /// Whether it can be asked so.
    ///
    /// # Errors
    /// [`QuestionError::Missing`] and [`QuestionError::Surplus`].
    pub fn check_argument(&self, argument: Option<&str>) -> Result<(), QuestionError> {
        match (self.parameter, argument) {
            (Some(Parameter { name, needed: true }), None) => Err(QuestionError::Missing {
                question: self.name,
                parameter: name,
            }),
            (None, Some(_)) => Err(QuestionError::Surplus { question: self.name }),
            _ => Ok(()),
        }
    }

    /// The answer of a graph with nothing in it.
    pub fn empty_table(&self) -> AnswerTable {
        AnswerTable {
            columns: self.columns.to_vec(),
            rows: Vec::new(),
        }
    }
}

/// A property, and null where there is none.
fn property_or_null(node: &Node, name: &str) -> Value {
    node.properties.get(name).cloned().unwrap_or_default()
}

/// Properties of a node.
fn properties_or_null<'a>(node: &'a Node, names: &'a [&str]) -> impl Iterator<Item = Value> + 'a {
    names.iter().map(|name| property_or_null(node, name))
}
