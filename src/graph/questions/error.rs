use crate::graph::GraphError;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// The store.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// There is no such question.
    #[error("there is no question `{asked}`{}", did_you_mean(nearest))]
    Question {
        /// The name that was asked for.
        asked: String,
        /// The most similar known names.
        nearest: Vec<String>,
    },
    /// It is not said what it is about.
    #[error("the question `{question}` needs its {parameter}")]
    Missing {
        /// The name of the question.
        question: &'static str,
        /// The name of the missing argument.
        parameter: &'static str,
    },
    /// It is about nothing in particular.
    #[error("the question `{question}` takes no argument")]
    Surplus {
        /// The name of the question.
        question: &'static str,
    },
    /// The graph has nothing of that name.
    #[error("the graph knows no {what} `{asked}`{}", did_you_mean(nearest))]
    Unknown {
        /// The kind of thing that was asked for.
        what: &'static str,
        /// The name that was asked for.
        asked: String,
        /// The most alike first.
        nearest: Vec<String>,
    },
    /// It has several.
    #[error("several {what}s of the graph are called `{asked}`: {}", matches.join(", "))]
    Ambiguous {
        /// The kind of thing that was asked for.
        what: &'static str,
        /// The name that was asked for.
        asked: String,
        /// Text that identifies each match.
        matches: Vec<String>,
    },
    /// It has nothing of that sort at all.
    #[error("the graph knows no {what} yet")]
    Nothing {
        /// The kind of thing that was asked for.
        what: &'static str,
    },
}

fn did_you_mean(nearest: &[String]) -> String {
    match nearest.is_empty() {
        true => String::new(),
        false => format!("; the nearest: {}", nearest.join(", ")),
    }
}
