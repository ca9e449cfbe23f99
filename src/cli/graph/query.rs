use clap::Args;
use serde_json::{Map, Value, json};

use super::{GraphChoice, choice::Opened, cypher, question_error, shown, wait};
use crate::cli::{CliError, Exit, Globals, output};
use crate::graph::{QUESTIONS, Question, QuestionError, Table};

/// `kosmos graph query`: asks the graph a question.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct QueryArgs {
    /// Which question; without one, they are listed
    #[arg(value_name = "NAME", conflicts_with = "cypher")]
    pub name: Option<String>,

    /// What it is about, such as a variable
    #[arg(value_name = "ARGUMENT", conflicts_with = "cypher")]
    pub argument: Option<String>,

    /// Rows of the answer, at most
    #[arg(long, value_name = "N", default_value_t = 50, conflicts_with = "cypher",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,

    /// Ask a server this instead, in Cypher; what it would change is taken back
    #[arg(long, value_name = "TEXT")]
    pub cypher: Option<String>,

    /// A parameter of that query, such as q=0.05 or name='"mass"'; may be given many times
    #[arg(long, value_name = "NAME=JSON", value_parser = cypher::parameter)]
    pub param: Vec<(String, Value)>,

    /// Let that query change the graph
    #[arg(long)]
    pub write: bool,

    /// Which graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

pub(super) const LONG_ABOUT: &str = "\
Ask the graph a named question, or a server one in Cypher.

Without a name, the questions are listed. People are shown the columns that fit a terminal; --json has them all. \
A query in Cypher is only for a server; its transaction is rolled back, whatever the query does, unless --write \
is given.";

const EXAMPLES: &str = "\
Examples:
  kosmos graph query
  kosmos graph query neighbours body_mass_g --limit 10
  kosmos graph query open --json
  kosmos graph query --cypher 'MATCH (f:Finding) WHERE f.q < $q RETURN f.x, f.y' --param q=0.01";

/// A named question takes no parameters and changes nothing.
#[derive(Debug, thiserror::Error)]
#[error("--write and --param are for --cypher, and not for a named question")]
struct OnlyCypher;

/// Runs the command.
pub(super) fn execute(args: &QueryArgs, globals: &Globals) -> Result<Exit, CliError> {
    if let Some(text) = &args.cypher {
        return cypher::execute(args, text, globals);
    }
    // clap does not ask for what a flag requires where a name rules that out.
    if args.write || !args.param.is_empty() {
        return Err(CliError::usage(OnlyCypher, "give the query by --cypher TEXT"));
    }
    let Some(name) = &args.name else {
        return list(globals);
    };
    let opened = args.choice.open(globals)?;
    let question = Question::named(name).map_err(|error| question_error(error, &opened))?;
    let answer = answer(question, args, &opened)?;
    tell(question, args, &opened, &answer, globals)
}

fn answer(question: &Question, args: &QueryArgs, opened: &Opened) -> Result<Table, CliError> {
    let argument = args.argument.as_deref();
    question
        .takes(argument)
        .map_err(|error| question_error(error, opened))?;
    let Some(store) = opened.to_read()? else {
        return Ok(question.nothing());
    };
    let asked = wait(async { Ok(question.ask(store.as_ref(), argument, args.limit as usize).await) })?;
    match asked {
        Err(QuestionError::Nothing {
            what: "variable" | "dataset" | "finding",
        }) => {
            opened.say_empty();
            Ok(question.nothing())
        }
        asked => asked.map_err(|error| question_error(error, opened)),
    }
}

fn tell(
    question: &Question,
    args: &QueryArgs,
    opened: &Opened,
    answer: &Table,
    globals: &Globals,
) -> Result<Exit, CliError> {
    if globals.json {
        let object = |row: &Vec<Value>| -> Map<String, Value> {
            let columns = answer.columns.iter().map(|column| (*column).to_owned());
            columns.zip(row.iter().cloned()).collect()
        };
        output::json(&json!({
            "question": question.name,
            "argument": args.argument,
            "store": opened.store_name(),
            "columns": answer.columns,
            "rows": answer.rows.iter().map(object).collect::<Vec<_>>(),
        }))?;
        return Ok(Exit::Done);
    }
    if answer.rows.is_empty() {
        output::text("nothing\n")?;
        return Ok(Exit::Done);
    }
    let at: Vec<usize> = question
        .shown
        .iter()
        .filter_map(|shown| answer.columns.iter().position(|column| column == shown))
        .collect();
    let pick = |row: &Vec<Value>| at.iter().filter_map(|at| row.get(*at).cloned()).collect();
    let rows: Vec<Vec<Value>> = answer.rows.iter().map(pick).collect();
    let mut text = shown::rows(question.shown, &rows);
    if answer.rows.len() >= args.limit as usize {
        text.push_str(&format!("the first {}; --limit N gives more\n", args.limit));
    }
    output::text(&text)?;
    Ok(Exit::Done)
}

fn list(globals: &Globals) -> Result<Exit, CliError> {
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
        output::json(&json!({ "questions": QUESTIONS.iter().map(told).collect::<Vec<_>>() }))?;
        return Ok(Exit::Done);
    }
    let told = |question: &Question| vec![json!(question.usage()), json!(question.about)];
    let rows: Vec<Vec<Value>> = QUESTIONS.iter().map(told).collect();
    output::text(&shown::rows(&["question", "answer"], &rows))?;
    Ok(Exit::Done)
}
