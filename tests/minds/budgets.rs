//! Budgets hold, whatever the endpoint says.

use std::time::Duration;

use futures::future::join_all;
use kosmos::llm::{LlmError, Mind, ReplySource, Tokens};
use serde_json::json;

use super::desk::{Desk, environment, journal, settings};
use kosmos_testing::model_server::{ModelServer, ScriptedReply};

fn good(usage: Option<(u64, u64)>) -> ScriptedReply {
    ScriptedReply::answer(&json!({"word": "right"})).usage(usage)
}

/// Asks until the budget is spent; gives the number of answers.
async fn spend(desk: &Desk, at_once: usize) -> usize {
    let mut answers = 0;
    for round in 0.. {
        let asked = (0..at_once).map(|n| {
            let question = format!("question {round} {n}");
            async move { desk.ask(&question).await }
        });
        for outcome in join_all(asked).await {
            match outcome {
                Ok(_) => answers += 1,
                Err(LlmError::BudgetSpent { .. }) => return answers,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(round < 1000);
    }
    answers
}

#[tokio::test]
async fn tokens_run_out_before_the_budget_is_exceeded() {
    let server = ModelServer::start();
    server.respond(|_| good(Some((100, 50))));
    for at_once in [1, 8] {
        let desk = Desk::new(&server, &[("budget.tokens", "5000"), ("llm.max_tokens", "500")]);
        let answers = spend(&desk, at_once).await;
        assert!(answers > 20, "{answers}");
        let used = desk.account().total.sum();
        // Less than one call's upper estimate is left.
        assert!(used <= 5000 && used > 5000 - 1000, "{used}");
        let Err(LlmError::BudgetSpent { budget, detail }) = desk.ask("more").await else {
            panic!()
        };
        assert_eq!(budget, "tokens");
        assert!(detail.contains("5000"), "{detail}");
    }
}

#[tokio::test]
async fn a_lying_endpoint_exceeds_it_by_the_calls_in_flight_at_most() {
    let server = ModelServer::start();
    // Three times what it was allowed to say.
    server.respond(|_| good(Some((100, 1500))));
    let desk = Desk::new(
        &server,
        &[
            ("budget.tokens", "5000"),
            ("llm.max_tokens", "500"),
            ("llm.max_concurrent", "4"),
        ],
    );
    spend(&desk, 8).await;
    let used = desk.account().total.sum();
    assert!(used <= 5000 + 4 * 1600, "{used}");
}

#[tokio::test]
async fn money_runs_out_too() {
    let server = ModelServer::start();
    server.respond(|_| good(Some((1000, 500))));
    let changes = [
        ("budget.usd", "0.01"),
        ("llm.model", "gpt-4o-mini"),
        ("llm.max_tokens", "500"),
    ];
    let desk = Desk::new(&server, &changes);
    let answers = spend(&desk, 1).await;
    let account = desk.account();
    // 1000 tokens at 0.15 and 500 at 0.60 per million are 0.00045 dollars.
    assert!((account.usd - answers as f64 * 0.00045).abs() < 1e-9);
    assert!(account.usd <= 0.01 && account.usd > 0.009, "{}", account.usd);
}

#[tokio::test]
async fn a_model_without_a_price_is_refused_where_money_is_limited() {
    let server = ModelServer::start();
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path());
    let settings = settings(&server, &[("budget.usd", "1"), ("llm.model", "my-own")]);
    let Err(LlmError::Rejected { what, remedy }) = Mind::start(
        &settings.llm,
        &settings.budget,
        &environment(),
        &journal,
        ReplySource::Endpoint,
        None,
    ) else {
        panic!()
    };
    assert!(
        what.contains("`my-own`") && remedy.contains("[models.\"my-own\"]") && remedy.contains("llm.prices"),
        "{what}; {remedy}"
    );
    // On one's own machine it costs nothing.
    let free = super::desk::settings(
        &server,
        &[("budget.usd", "1"), ("llm.model", "my-own"), ("llm.provider", "ollama")],
    );
    assert!(
        Mind::start(
            &free.llm,
            &free.budget,
            &environment(),
            &journal,
            ReplySource::Endpoint,
            None
        )
        .is_ok()
    );
}

#[tokio::test]
async fn tokens_of_attempts_without_a_reply_count() {
    let server = ModelServer::start();
    server.respond(|_| ScriptedReply::text(&"x".repeat(3000)).cut_after(12));
    let desk = Desk::new(&server, &[]);
    assert!(matches!(desk.ask("hello").await, Err(LlmError::Outage { .. })));
    let account = desk.account();
    assert_eq!((account.calls, account.estimated), (0, 1));
    // Four prompts, and most of four replies of a thousand tokens.
    assert!(
        account.total.output > 2000 && account.total.input > 4 * 20,
        "{:?}",
        account.total
    );
    // Errors with a status take nothing.
    server.respond(|_| ScriptedReply::status(503, ""));
    assert!(desk.ask("another").await.is_err());
    assert_eq!(desk.account().total, account.total);
    // A reply at last holds what it took to get it.
    server.script([ScriptedReply::hang()]);
    server.respond(|_| good(Some((100, 50))));
    let before = desk.account().total;
    desk.ask("a third").await.unwrap();
    let total = desk.account().total;
    assert!(
        total.input > before.input + 100 && total.output == before.output + 50,
        "{total:?}"
    );
}

#[tokio::test]
async fn what_is_spent_is_spent_after_a_restart() {
    let server = ModelServer::start();
    server.respond(|_| good(Some((1000, 500))));
    let changes = [("budget.tokens", "3500"), ("llm.max_tokens", "500")];
    let desk = Desk::new(&server, &changes);
    desk.ask("one").await.unwrap();
    desk.ask("two").await.unwrap();
    let changed = settings(&server, &changes);
    let again = Mind::start(
        &changed.llm,
        &changed.budget,
        &environment(),
        &desk.journal,
        ReplySource::Endpoint,
        None,
    )
    .unwrap();
    assert_eq!(
        again.account().total,
        Tokens {
            input: 2000,
            output: 1000
        }
    );
    let desk = Desk { mind: again, ..desk };
    desk.ask("three").await.unwrap_err();
    assert_eq!(server.calls(), 2);
}

#[tokio::test]
async fn calls_are_no_more_at_once_than_allowed() {
    let server = ModelServer::start();
    server.respond(|_| good(None).after(Duration::from_millis(10)));
    let desk = Desk::new(&server, &[("llm.max_concurrent", "3")]);
    let all = join_all((0..20).map(|n| {
        let (desk, question) = (&desk, format!("question {n}"));
        async move { desk.ask(&question).await }
    }))
    .await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(server.most_at_once(), 3);
}
