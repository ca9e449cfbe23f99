//! All faults at once, at rates of 1, 10 and 50 %, over hundreds of questions, eight at a time.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex},
    time::Duration,
};

use futures::{StreamExt, stream};
use kosmos::llm::LlmError;
use serde_json::json;

use super::desk::Desk;
use kosmos_testing::model_server::{Asked, ModelServer, ScriptedReply};

const QUESTIONS: usize = 200;
const AT_ONCE: usize = 8;
const RETRIES: usize = 3;

static HUGE: LazyLock<ScriptedReply> = LazyLock::new(|| ScriptedReply::text(&"x".repeat(10 << 20)));

fn fault(draw: &mut fastrand::Rng, asked: &Asked) -> ScriptedReply {
    let good = || ScriptedReply::answer(&json!({"word": asked.user()}));
    let error = |code: u16| json!({"error": {"message": "no", "code": code}});
    match draw.u8(0..22) {
        0 => ScriptedReply::status(429, error(429)),
        1 => ScriptedReply::status(429, error(429)).header("retry-after", 0),
        2 => ScriptedReply::status(429, "").header("retry-after", 7200),
        3 => ScriptedReply::status(500, error(500)),
        4 => ScriptedReply::status(503, "<html>busy</html>").header("content-type", "text/html"),
        5 => ScriptedReply::hang(),
        6 => good().drip(Duration::from_millis(60)),
        7 => ScriptedReply::cut(),
        8 => good().cut_after(1),
        9 => good().finish_reason(json!(null)),
        10 => ScriptedReply::raw(json!({"choices": []})),
        11 => ScriptedReply::text("").field("refusal", "no"),
        12 => good().finish_reason("because"),
        13 => ScriptedReply::status(400, error(17)),
        14 => ScriptedReply::raw("no JSON"),
        15 => ScriptedReply::text("no JSON"),
        16 => ScriptedReply::text("{\"word\": "),
        17 => ScriptedReply::answer(&json!({"word": 1})),
        18 => HUGE.clone(),
        19 => good().header("content-type", "image/png"),
        20 => ScriptedReply::raw(error(502)),
        _ => good().usage(None),
    }
}

async fn mix(percent: u8, seed: u64, stream: &str) {
    let server = ModelServer::start();
    let draw = Mutex::new(fastrand::Rng::with_seed(seed));
    server.respond(move |asked| {
        let mut draw = draw.lock().unwrap();
        match draw.u8(0..100) < percent {
            true => fault(&mut draw, asked),
            false => ScriptedReply::answer(&json!({"word": asked.user()})),
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
    server.script([ScriptedReply::answer(&json!({"word": "first"}))]);
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
