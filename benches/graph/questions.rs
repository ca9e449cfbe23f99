//! What is asked, and how long the answers take.

use std::time::Instant;

use futures::{FutureExt, future::BoxFuture};
use kosmos::graph::{
    EdgeKind, GraphStore, Label, Question, Walk, names,
    path::{FoundPath, PROVENANCE, Search, find_path},
};

use super::{Made, milliseconds};

/// Times that each question is asked.
const TIMES: usize = 200;

/// Times that those are asked that look through a whole table.
const FEW: usize = 10;

/// Findings of one column in other data that a run recalls, at most.
const ELSEWHERE: usize = 80;

/// Rows of an answer.
const ROWS: usize = 50;

/// How long a question took, in milliseconds.
pub struct Times {
    pub what: &'static str,
    /// Of the last answer.
    pub rows: usize,
    pub median: f64,
    pub p95: f64,
    pub most: f64,
}

type Ask = for<'a> fn(&'a dyn GraphStore, &'a Made, usize) -> BoxFuture<'a, usize>;

pub async fn ask_all(store: &dyn GraphStore, made: &Made) -> Vec<Times> {
    let questions: [(&'static str, usize, Ask); 10] = [
        ("neighbours, 50 best", TIMES, |store, made, n| {
            walk(store, neighbours(made, n).keep_best("q", ROWS))
        }),
        ("left open, 50 best", TIMES, |store, made, n| {
            walk(store, verdict(made, n, EdgeKind::Tests).keep_best("p", ROWS))
        }),
        ("refuted, 50 best", TIMES, |store, made, n| {
            walk(store, verdict(made, n, EdgeKind::Refutes).keep_best("p", ROWS))
        }),
        ("found elsewhere, 80 best", TIMES, |store, made, n| {
            walk(store, neighbours(made, n).keep_best("p", ELSEWHERE))
        }),
        ("settled, one claim", TIMES, |store, made, n| {
            let claim = names::hypothesis_node_id(&made.claim(n));
            walk(
                store,
                Walk::starting_at([claim]).against(EdgeKind::Supports, Label::Result),
            )
        }),
        ("query neighbours", TIMES, |store, made, n| {
            named(store, "neighbours", made.variable(n))
        }),
        ("query hypotheses", TIMES, |store, made, n| {
            named(store, "hypotheses", made.variable(n))
        }),
        ("query evidence", TIMES, |store, made, n| {
            named(
                store,
                "evidence",
                names::finding_node_id(&made.claim(n), &made.dataset()),
            )
        }),
        ("path between two variables", TIMES, |store, made, n| {
            let search = Search {
                from: names::concept_node_id(&made.variable(n)),
                to: names::concept_node_id(&made.variable(n + 1)),
                longest: 6,
                without: PROVENANCE.to_vec(),
            };
            async move {
                match find_path(store, &search).await.unwrap() {
                    FoundPath::Path { edges, .. } => edges.len(),
                    other => panic!("{other:?}"),
                }
            }
            .boxed()
        }),
        ("query settled, of the whole table", FEW, |store, made, _| {
            named(store, "settled", made.dataset())
        }),
    ];
    let mut all = Vec::new();
    for (what, times, ask) in questions {
        let (mut taken, mut rows) = (Vec::new(), 0);
        // The first is not counted: it may have to open what is closed.
        ask(store, made, times).await;
        for n in 0..times {
            let began = Instant::now();
            rows = ask(store, made, n).await;
            taken.push(milliseconds(began.elapsed()));
        }
        taken.sort_by(f64::total_cmp);
        let at = |share: f64| taken[((taken.len() - 1) as f64 * share).round() as usize];
        all.push(Times {
            what,
            rows,
            median: at(0.5),
            p95: at(0.95),
            most: at(1.0),
        });
    }
    all
}

fn neighbours(made: &Made, n: usize) -> Walk {
    Walk::starting_at([names::concept_node_id(&made.variable(n))]).against(EdgeKind::Mentions, Label::Finding)
}

fn verdict(made: &Made, n: usize, verdict: EdgeKind) -> Walk {
    Walk::starting_at([names::concept_node_id(&made.variable(n))])
        .against(EdgeKind::Mentions, Label::Hypothesis)
        .against(verdict, Label::Result)
}

fn walk(store: &dyn GraphStore, walk: Walk) -> BoxFuture<'_, usize> {
    async move { store.walk(walk).await.unwrap().len() }.boxed()
}

fn named<'a>(store: &'a dyn GraphStore, name: &'static str, argument: String) -> BoxFuture<'a, usize> {
    async move {
        let question = Question::find_question(name).unwrap();
        let answer = question.ask(store, Some(&argument), ROWS).await.unwrap();
        answer.rows.len()
    }
    .boxed()
}
