use crate::graph::GraphError;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum QuestionError {
    /// The store.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// There is no such question.
    #[error("there is no question `{asked}`{}", like(nearest))]
    Question { asked: String, nearest: Vec<String> },
    /// It is not said what it is about.
    #[error("the question `{question}` needs its {parameter}")]
    Missing {
        question: &'static str,
        parameter: &'static str,
    },
    /// It is about nothing in particular.
    #[error("the question `{question}` takes no argument")]
    Surplus { question: &'static str },
    /// The graph has nothing of that name.
    #[error("the graph knows no {what} `{asked}`{}", like(nearest))]
    Unknown {
        what: &'static str,
        asked: String,
        /// The most alike first.
        nearest: Vec<String>,
    },
    /// It has several.
    #[error("several {what}s of the graph are called `{asked}`: {}", matches.join(", "))]
    Ambiguous {
        what: &'static str,
        asked: String,
        /// What each can be told by.
        matches: Vec<String>,
    },
    /// It has nothing of that sort at all.
    #[error("the graph knows no {what} yet")]
    Nothing { what: &'static str },
}

fn like(nearest: &[String]) -> String {
    match nearest.is_empty() {
        true => String::new(),
        false => format!("; the nearest: {}", nearest.join(", ")),
    }
}
