//! All faults at once, at rates of 1, 10 and 50 %, over hundreds of questions, eight at a time.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex},
    time::Duration,
};

use futures::{StreamExt, stream};
use kosmos::llm::LlmError;
use serde_json::json;

use super::{
    desk::Desk,
    server::{Asked, Server, Step},
};

const QUESTIONS: usize = 200;
const AT_ONCE: usize = 8;
const RETRIES: usize = 3;

static HUGE: LazyLock<Step> = LazyLock::new(|| Step::text(&"x".repeat(10 << 20)));

fn fault(draw: &mut fastrand::Rng, asked: &Asked) -> Step {
    let good = || Step::answer(&json!({"word": asked.user()}));
    let error = |code: u16| json!({"error": {"message": "no", "code": code}});
    match draw.u8(0..22) {
        0 => Step::status(429, error(429)),
        1 => Step::status(429, error(429)).header("retry-after", 0),
        2 => Step::status(429, "").header("retry-after", 7200),
        3 => Step::status(500, error(500)),
        4 => Step::status(503, "<html>busy</html>").header("content-type", "text/html"),
        5 => Step::hang(),
        6 => good().drip(Duration::from_millis(60)),
        7 => Step::cut(),
        8 => good().cut_after(1),
        9 => good().finish_reason(json!(null)),
        10 => Step::raw(json!({"choices": []})),
        11 => Step::text("").field("refusal", "no"),
        12 => good().finish_reason("because"),
        13 => Step::status(400, error(17)),
        14 => Step::raw("no JSON"),
        15 => Step::text("no JSON"),
        16 => Step::text("{\"word\": "),
        17 => Step::answer(&json!({"word": 1})),
        18 => HUGE.clone(),
        19 => good().header("content-type", "image/png"),
        20 => Step::raw(error(502)),
        _ => good().usage(None),
    }
}

async fn mix(percent: u8, seed: u64, stream: &str) {
    let server = Server::start();
    let draw = Mutex::new(fastrand::Rng::with_seed(seed));
    server.respond(move |asked| {
        let mut draw = draw.lock().unwrap();
        match draw.u8(0..100) < percent {
            true => fault(&mut draw, asked),
            false => Step::answer(&json!({"word": asked.user()})),
        }
    });
    let budget = 400_000;
    let tokens = budget.to_string();
    let changes = [
        ("llm.stream", stream),
        // Long for a busy machine, short for what hangs.
        ("llm.timeout", "500ms"),
        ("llm.max_reply", "64KiB"),
        ("llm.max_tokens", "100"),
        ("budget.tokens", tokens.as_str()),
        ("llm.max_concurrent", "8"),
    ];
    let desk = Desk::new(&server, &changes);
    // What a healthy endpoint would answer comes first, so that a 400 is about one question.
    server.script([Step::answer(&json!({"word": "first"}))]);
    desk.ask("first").await.unwrap();

    let outcomes: Vec<_> = stream::iter(0..QUESTIONS)
        .map(|n| {
            let desk = &desk;
            async move {
                let user = format!("question {n}");
                (desk.ask(&user).await, user)
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;

    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (outcome, user) in outcomes {
        let kind = match outcome {
            Ok(answer) => {
                // A second try's prompt holds the first.
                assert!(answer.value.word.starts_with(&user), "{user}: {answer:?}");
                "answered"
            }
            Err(LlmError::Invalid { .. }) => "invalid",
            Err(LlmError::Refused { .. }) => "refused",
            Err(LlmError::Outage { .. }) => "outage",
            Err(LlmError::BudgetSpent { .. }) => "spent",
            Err(other) => panic!("{user}: {other}"),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let answered = kinds.get("answered").copied().unwrap_or_default();
    assert!(
        answered * 100 >= QUESTIONS * (100 - usize::from(percent)),
        "{percent} %: {kinds:?}"
    );
    // A question is one call or two, each with its retries; no body goes out more often than that.
    let most = server.by_body().into_values().max().unwrap();
    assert!(most <= 1 + RETRIES, "{percent} %: {most} times the same");
    assert!(server.calls() <= 2 * (QUESTIONS + 1) * (1 + RETRIES));
    let account = desk.account();
    let one_call = 100 + 200;
    assert!(
        account.total.sum() <= budget + AT_ONCE as u64 * one_call,
        "{:?}",
        account.total
    );
}

#[tokio::test]
async fn one_percent() {
    mix(1, 11, "true").await;
}

#[tokio::test]
async fn ten_percent() {
    mix(10, 12, "true").await;
    mix(10, 13, "false").await;
}

#[tokio::test]
async fn fifty_percent() {
    mix(50, 14, "true").await;
    mix(50, 15, "false").await;
}
