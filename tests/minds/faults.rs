//! Everything that an endpoint can do wrong: each has its typed outcome, after a bounded number of tries that the
//! server counts.

use std::time::{Duration, Instant};

use kosmos::llm::LlmError;
use serde_json::json;

use super::desk::Desk;
use kosmos_testing::model_server::{ModelServer, ScriptedReply};

/// Sent once, and again three times: `max_retries` of the desk.
const ALL: usize = 4;

fn good() -> ScriptedReply {
    ScriptedReply::answer(&json!({"word": "right"}))
}

fn error(message: &str, code: impl Into<serde_json::Value>) -> String {
    json!({"error": {"message": message, "type": "t", "code": code.into()}}).to_string()
}

/// Faults that pass, each by its name.
fn passing() -> Vec<(&'static str, ScriptedReply)> {
    let page = "<html><head><title>503</title></head><body>Service <b>Unavailable</b></body></html>";
    vec![
        (
            "429",
            ScriptedReply::status(429, error("slow down", "rate_limit_exceeded")),
        ),
        ("429, integer code", ScriptedReply::status(429, error("slow down", 429))),
        (
            "429, wait a second",
            ScriptedReply::status(429, error("slow down", 429)).header("retry-after", 1),
        ),
        (
            "429, wait for hours",
            ScriptedReply::status(429, "").header("retry-after", 3 * 3600),
        ),
        (
            "429, wait until a date",
            ScriptedReply::status(429, "busy").header("retry-after", "Fri, 31 Dec 2100 23:59:59 GMT"),
        ),
        (
            "429, nonsense wait",
            ScriptedReply::status(429, "busy").header("retry-after", "tomorrow"),
        ),
        ("500", ScriptedReply::status(500, error("oops", 500))),
        ("500, no JSON", ScriptedReply::status(500, "oops")),
        ("502, nothing", ScriptedReply::status(502, "")),
        (
            "503, a page",
            ScriptedReply::status(503, page).header("content-type", "text/html"),
        ),
        (
            "529",
            ScriptedReply::status(529, error("overloaded", "overloaded_error")),
        ),
        ("hang", ScriptedReply::hang()),
        ("slow drip", good().drip(Duration::from_millis(200))),
        ("cut connection", ScriptedReply::cut()),
        ("cut body or stream", good().cut_after(2)),
        ("no JSON", ScriptedReply::raw("I am a teapot")),
        (
            "half JSON",
            ScriptedReply::raw(r#"{"choices": [{"message": {"content": "#),
        ),
        (
            "a page in place of a reply",
            ScriptedReply::raw(page).header("content-type", "text/html"),
        ),
        (
            "JSON that is no completion",
            ScriptedReply::raw(json!({"hello": "world"})),
        ),
        ("a list", ScriptedReply::raw("[]")),
        ("nothing", ScriptedReply::raw("")),
        (
            "an error with status 200",
            ScriptedReply::raw(error("backend died", 502)),
        ),
        (
            "a rate limit with status 200",
            ScriptedReply::raw(error("slow down", 429)),
        ),
    ]
}

#[tokio::test]
async fn what_passes_is_tried_again_and_is_an_outage_in_the_end() {
    for stream in ["true", "false"] {
        for (name, step) in passing() {
            let server = ModelServer::start();
            let timeout = if ["hang", "slow drip"].contains(&name) {
                "250ms"
            } else {
                "5s"
            };
            let desk = Desk::new(&server, &[("llm.stream", stream), ("llm.timeout", timeout)]);
            server.script([step.clone(), step.clone()]);
            server.respond(|_| good());
            let answer = desk
                .ask("hello")
                .await
                .unwrap_or_else(|error| panic!("{name}, {stream}: {error}"));
            assert_eq!(answer.value.word, "right", "{name}");
            assert_eq!(server.calls(), 3, "{name}, {stream}");

            server.respond(move |_| step.clone());
            let before = Instant::now();
            match desk.ask("goodbye").await {
                Err(LlmError::Outage { what, remedy }) => {
                    assert!(
                        what.contains("4 tries") && !remedy.is_empty(),
                        "{name}: {what}; {remedy}"
                    );
                }
                other => panic!("{name}, {stream}: {other:?}"),
            }
            assert_eq!(server.calls(), 3 + ALL, "{name}, {stream}");
            assert!(before.elapsed() < Duration::from_secs(10), "{name}");
        }
    }
}

#[tokio::test]
async fn a_status_is_never_lost() {
    for (status, body) in [
        (429, "plain words"),
        (503, "<html>x</html>"),
        (500, ""),
        (418, "teapot"),
        (401, "<p>who?"),
    ] {
        let server = ModelServer::start();
        server.respond(move |_| ScriptedReply::status(status, body));
        let told = Desk::new(&server, &[]).ask("hello").await.unwrap_err().to_string();
        assert!(told.contains(&format!("HTTP {status}")), "{told}");
    }
}

#[tokio::test]
async fn what_stays_wrong_is_said_at_once() {
    let quota = json!({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}});
    let table = [
        (
            ScriptedReply::status(401, error("Incorrect API key provided", "invalid_api_key")),
            "THE_KEY",
        ),
        (ScriptedReply::status(401, "no JSON"), "THE_KEY"),
        (ScriptedReply::status(403, "<html>"), "THE_KEY"),
        (ScriptedReply::status(429, quota), "add credit"),
        (ScriptedReply::status(402, error("pay", 402)), "add credit"),
        (
            ScriptedReply::status(404, error("The model `m` does not exist", "model_not_found")),
            "model_list",
        ),
        (
            ScriptedReply::status(301, "").header("location", "http://elsewhere/"),
            "llm.model",
        ),
        (
            ScriptedReply::status(400, error("I do not like this", 400)),
            "llm.structured",
        ),
    ];
    for (step, remedy) in table {
        let server = ModelServer::start();
        server.respond(move |_| step.clone());
        let desk = Desk::new(&server, &[]);
        let Err(LlmError::Rejected { what, remedy: said }) = desk.ask("hello").await else {
            panic!("{remedy}")
        };
        assert!(format!("{what}; {said}").contains(remedy), "{what}; {said}");
        assert_eq!(server.calls(), 1, "{what}");
        assert_eq!(desk.account().calls, 0);
    }
}

#[tokio::test]
async fn what_would_be_so_again_is_recorded() {
    let empty = json!({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 1}});
    let long = error(
        "This model's maximum context length is 8192 tokens",
        "context_length_exceeded",
    );
    let table = [
        (
            "refusal",
            ScriptedReply::text("").field("refusal", "I can't help with that"),
            1,
            "I can't help",
        ),
        (
            "filter",
            ScriptedReply::text("").finish_reason("content_filter"),
            1,
            "content_filter",
        ),
        (
            "filter, 400",
            ScriptedReply::status(400, error("policy", "content_filter")),
            1,
            "policy",
        ),
        ("empty choices", ScriptedReply::raw(empty), ALL, "has no choices"),
        ("too long", ScriptedReply::status(400, long), 1, "llm.context_tokens"),
        ("10 MB", ScriptedReply::text(&"x".repeat(10 << 20)), 1, "llm.max_reply"),
        (
            "10 MB of one line",
            ScriptedReply::raw("x".repeat(10 << 20)),
            1,
            "llm.max_reply",
        ),
    ];
    for stream in ["true", "false"] {
        for (name, step, calls, words) in table.clone() {
            let server = ModelServer::start();
            server.respond(move |_| step.clone());
            // A debug build takes its time to read ten megabytes of small events.
            let desk = Desk::new(&server, &[("llm.stream", stream), ("llm.timeout", "30s")]);
            for _ in 0..2 {
                match desk.ask("hello").await {
                    Err(LlmError::Refused { reason, .. } | LlmError::Invalid { reason, .. }) => {
                        assert!(reason.contains(words), "{name}, {stream}: {reason}");
                    }
                    other => panic!("{name}, {stream}: {other:?}"),
                }
            }
            assert_eq!(server.calls(), calls, "{name}, {stream}");
            assert_eq!(desk.account().calls, 1, "{name}");
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_answers_may_turn_a_question_down() {
    let server = ModelServer::start();
    server.script([good()]);
    server.respond(|_| ScriptedReply::status(400, error("I do not like this", 400)));
    let desk = Desk::new(&server, &[]);
    desk.ask("hello").await.unwrap();
    let Err(LlmError::Invalid { reason, .. }) = desk.ask("goodbye").await else {
        panic!()
    };
    assert!(
        reason.contains("HTTP 400") && reason.contains("do not like"),
        "{reason}"
    );
}

#[tokio::test]
async fn odd_replies_are_taken_as_they_are() {
    let word = json!({"word": "right"}).to_string();
    let table = [
        (
            "unknown finish_reason",
            ScriptedReply::text(&word).finish_reason("because"),
        ),
        ("finish_reason a number", ScriptedReply::text(&word).finish_reason(7)),
        (
            "reasoning beside it",
            ScriptedReply::text(&word).field("reasoning_content", "hm {\"word\": \"wrong\"}"),
        ),
        (
            "reasoning before it",
            ScriptedReply::text(&format!("<think>{{\"word\": 1}}</think>\n{word}")),
        ),
        (
            "all in the reasoning",
            ScriptedReply::text("").field("reasoning", word.as_str()),
        ),
        (
            "in a fence",
            ScriptedReply::text(&format!("Here:\n```json\n{word}\n```")),
        ),
        (
            "content as a list",
            ScriptedReply::text("").field("content", json!([{"type": "text", "text": word}])),
        ),
        ("no count of tokens", ScriptedReply::text(&word).usage(None)),
        ("zeros for a count", ScriptedReply::text(&word).usage(Some((0, 0)))),
        (
            "wrong content type",
            ScriptedReply::text(&word).header("content-type", "text/html"),
        ),
    ];
    for stream in ["true", "false"] {
        for (name, step) in table.clone() {
            let server = ModelServer::start();
            server.respond(move |_| step.clone());
            let desk = Desk::new(&server, &[("llm.stream", stream)]);
            let answer = desk
                .ask("hello")
                .await
                .unwrap_or_else(|error| panic!("{name}, {stream}: {error}"));
            assert_eq!(answer.value.word, "right", "{name}");
            assert_eq!(server.calls(), 1, "{name}, {stream}");
            let counted = !name.contains("count");
            assert_eq!(desk.account().estimated, u64::from(!counted), "{name}");
            assert!(
                desk.account().total.input > 0 && desk.account().total.output > 0,
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn answers_of_the_wrong_form_are_invalid_after_one_more_try() {
    let table = [
        ("no JSON", ScriptedReply::text("I would rather talk."), "no JSON"),
        ("invalid JSON", ScriptedReply::text(r#"{"word": "#), "whole"),
        ("another type", ScriptedReply::answer(&json!({"word": 1})), "/word"),
        ("another form", ScriptedReply::answer(&json!(["right"])), "the answer"),
        ("empty", ScriptedReply::text(""), "empty"),
        ("null", ScriptedReply::text("null"), "the answer"),
        (
            "cut off by its cap",
            ScriptedReply::text(r#"{"word": "ri"#).finish_reason("length"),
            "llm.max_tokens",
        ),
    ];
    for (name, step, words) in table {
        let server = ModelServer::start();
        server.respond(move |_| step.clone());
        let desk = Desk::new(&server, &[]);
        let Err(LlmError::Invalid { reason, .. }) = desk.ask("hello").await else {
            panic!("{name}")
        };
        assert!(reason.contains(words), "{name}: {reason}");
        assert_eq!(server.calls(), 2, "{name}");
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_an_outage_that_says_what_to_start() {
    let server = ModelServer::start();
    let table = [
        ("ollama", "ollama serve"),
        ("vllm", "vllm serve m"),
        ("litellm", "litellm --config"),
    ];
    for (provider, remedy) in table {
        let changes = [
            ("llm.provider", provider),
            // Nobody listens there: the port of echo.
            ("llm.base_url", "http://127.0.0.1:7/v1"),
        ];
        let desk = Desk::new(&server, &changes);
        let Err(LlmError::Outage { what, remedy: said }) = desk.ask("hello").await else {
            panic!("{provider}")
        };
        assert!(
            what.contains("127.0.0.1:7") && what.contains("no connection") && said.contains(remedy),
            "{what}; {said}"
        );
        let Err(LlmError::Outage { what, .. }) = desk.mind.probe().await else {
            panic!("{provider}")
        };
        assert!(what.contains("gave no reply: no connection"), "{what}");
    }
}

#[tokio::test]
async fn an_outage_is_waited_for_no_longer_than_set() {
    let server = ModelServer::start();
    server.respond(|_| ScriptedReply::status(503, ""));
    let changes = [
        ("llm.max_retries", "100"),
        ("llm.backoff_min", "10ms"),
        ("llm.backoff_max", "100ms"),
        ("llm.outage_wait", "300ms"),
        ("llm.breaker_failures", "1000000"),
    ];
    let desk = Desk::new(&server, &changes);
    let before = Instant::now();
    assert!(matches!(desk.ask("hello").await, Err(LlmError::Outage { .. })));
    let took = before.elapsed();
    assert!(
        took < Duration::from_secs(5) && server.calls() < 80,
        "{took:?}, {} calls",
        server.calls()
    );
}

#[tokio::test]
async fn an_endpoint_that_keeps_failing_is_left_alone() {
    let server = ModelServer::start();
    server.respond(|_| ScriptedReply::status(503, ""));
    let changes = [
        ("llm.breaker_failures", "3"),
        ("llm.breaker_pause", "1h"),
        ("llm.outage_wait", "1s"),
    ];
    let desk = Desk::new(&server, &changes);
    let Err(LlmError::Outage { what, .. }) = desk.ask("hello").await else {
        panic!()
    };
    assert!(what.contains("3 times in a row"), "{what}");
    // The others are not sent at all.
    assert!(matches!(desk.ask("another").await, Err(LlmError::Outage { .. })));
    assert_eq!(server.calls(), 3);
}
