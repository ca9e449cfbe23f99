use clap::Args;
use serde_json::{Map, Value, json};

use super::{GraphChoice, block_on_work, choice::ChosenGraph, cypher, explain_question_error, shown};
use crate::cli::{CliError, Exit, Globals, output};
use crate::graph::{AnswerTable, QUESTIONS, Question, QuestionError};

/// `kosmos graph query`: answers a question from the graph.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct QueryArgs {
    /// Question to answer [default: list the questions]
    #[arg(value_name = "NAME", conflicts_with = "cypher")]
    pub name: Option<String>,

    /// Argument of the question, such as a variable
    #[arg(value_name = "ARGUMENT", conflicts_with = "cypher")]
    pub argument: Option<String>,

    /// Maximum number of rows in the answer
    #[arg(long, value_name = "N", default_value_t = 50, conflicts_with = "cypher",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,

    /// Cypher query to run on a server instead; its changes are rolled back
    #[arg(long, value_name = "TEXT")]
    pub cypher: Option<String>,

    /// Parameter of the Cypher query, such as q=0.05 or name='"mass"'; repeatable
    #[arg(long, value_name = "NAME=JSON", value_parser = cypher::parse_parameter)]
    pub param: Vec<(String, Value)>,

    /// Let the Cypher query change the graph
    #[arg(long)]
    pub write: bool,

    /// The graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

pub(super) const LONG_ABOUT: &str = "\
Answer a named question from the graph, or run a Cypher query on a server.

Without a name, the questions are listed. The table shows the columns that fit a terminal; --json has them all. \
Only a server runs Cypher queries; the transaction is always rolled back unless --write \
is given.";

const EXAMPLES: &str = "\
Examples:
  kosmos graph query
  kosmos graph query neighbours body_mass_g --limit 10
  kosmos graph query open --json
  kosmos graph query --cypher 'MATCH (f:Finding) WHERE f.q < $q RETURN f.x, f.y' --param q=0.01";

/// A named question takes no parameters and changes nothing.
#[derive(Debug, thiserror::Error)]
#[error("--write and --param are for --cypher, not for a named question")]
struct OnlyCypher;

/// Runs the command.
pub(super) fn execute_query(args: &QueryArgs, globals: &Globals) -> Result<Exit, CliError> {
    if let Some(text) = &args.cypher {
        return cypher::execute_cypher(args, text, globals);
    }
    // clap does not enforce `requires` on an argument that conflicts with a given one.
    if args.write || !args.param.is_empty() {
        return Err(CliError::from_usage(OnlyCypher, "give the query with --cypher TEXT"));
    }
    let Some(name) = &args.name else {
        return print_questions(globals);
    };
    let opened = args.choice.resolve_graph(globals)?;
    let question = Question::find_question(name).map_err(|error| explain_question_error(error, &opened))?;
    let answer = answer_question(question, args, &opened)?;
    print_answer(question, args, &opened, &answer, globals)
}

fn answer_question(question: &Question, args: &QueryArgs, opened: &ChosenGraph) -> Result<AnswerTable, CliError> {
    let argument = args.argument.as_deref();
    question
        .check_argument(argument)
        .map_err(|error| explain_question_error(error, opened))?;
    let Some(store) = opened.open_to_read()? else {
        return Ok(question.empty_table());
    };
    let asked = block_on_work(async { Ok(question.ask(store.as_ref(), argument, args.limit as usize).await) })?;
    match asked {
        Err(QuestionError::Nothing {
            what: "variable" | "dataset" | "finding",
        }) => {
            opened.note_empty_graph();
            Ok(question.empty_table())
        }
        asked => asked.map_err(|error| explain_question_error(error, opened)),
    }
}

fn print_answer(
    question: &Question,
    args: &QueryArgs,
    opened: &ChosenGraph,
    answer: &AnswerTable,
    globals: &Globals,
) -> Result<Exit, CliError> {
    if globals.json {
        let object = |row: &Vec<Value>| -> Map<String, Value> {
            let columns = answer.columns.iter().map(|column| (*column).to_owned());
            columns.zip(row.iter().cloned()).collect()
        };
        output::print_json(&json!({
            "question": question.name,
            "argument": args.argument,
            "store": opened.store_name(),
            "columns": answer.columns,
            "rows": answer.rows.iter().map(object).collect::<Vec<_>>(),
        }))?;
        return Ok(Exit::Done);
    }
    if answer.rows.is_empty() {
        output::print_text("no rows\n")?;
        return Ok(Exit::Done);
    }
    let at: Vec<usize> = question
        .shown
        .iter()
        .filter_map(|shown| answer.columns.iter().position(|column| column == shown))
        .collect();
    let pick = |row: &Vec<Value>| at.iter().filter_map(|at| row.get(*at).cloned()).collect();
    let rows: Vec<Vec<Value>> = answer.rows.iter().map(pick).collect();
    let mut text = shown::render_rows(question.shown, &rows);
    if answer.rows.len() >= args.limit as usize {
        text.push_str(&format!("first {} rows; --limit N shows more\n", args.limit));
    }
    output::print_text(&text)?;
    Ok(Exit::Done)
}

fn print_questions(globals: &Globals) -> Result<Exit, CliError> {
    if globals.json {
        let told = |question: &Question| {
            json!({
                "name": question.name,
                "parameter": question.parameter.map(|parameter| parameter.name),
                "needed": question.parameter.is_some_and(|parameter| parameter.needed),
                "about": question.about,
                "columns": question.columns,
            })
        };
        output::print_json(&json!({ "questions": QUESTIONS.iter().map(told).collect::<Vec<_>>() }))?;
        return Ok(Exit::Done);
    }
    let told = |question: &Question| vec![json!(question.usage_line()), json!(question.about)];
    let rows: Vec<Vec<Value>> = QUESTIONS.iter().map(told).collect();
    output::print_text(&shown::render_rows(&["question", "answer"], &rows))?;
    Ok(Exit::Done)
}
