//! Questions and their answers, when all is well.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::future::join_all;
use kosmos::journal::{Durability, Journal, Options};
use kosmos::llm::{LlmError, Mind, MindEvent, Replay, ReplySource, Tokens};
use serde_json::json;

use super::desk::{Desk, KEY, Word, context, environment, journal, question, settings};
use kosmos_testing::model_server::{ModelServer, ScriptedReply};

#[tokio::test]
async fn a_question_is_answered_in_its_form() {
    let server = ModelServer::start();
    server.respond(|asked| ScriptedReply::answer(&json!({"word": asked.user()})));
    for stream in ["true", "false"] {
        let desk = Desk::new(&server, &[("llm.stream", stream)]);
        let answer = desk.ask("hello").await.unwrap();
        assert_eq!((answer.value.word.as_str(), answer.model.as_str()), ("hello", "m"));
        let account = desk.account();
        assert_eq!(
            (account.calls, account.total, account.estimated),
            (1, Tokens { input: 20, output: 10 }, 0)
        );
        assert_eq!(account.by_agent["hypothesis_generator"].calls, 1);
        assert_eq!(account.by_cycle[&1].tokens.sum(), 30);
    }
    let asked = &server.chats()[0];
    assert_eq!(asked.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(asked.body["response_format"]["json_schema"]["strict"], json!(true));
    assert_eq!(asked.body["stream_options"], json!({"include_usage": true}));
}

#[tokio::test]
async fn the_same_question_is_paid_for_once() {
    let server = ModelServer::start();
    let desk = Desk::new(&server, &[]);
    let first = desk.ask("hello").await.unwrap();
    assert_eq!(desk.ask("hello").await.unwrap(), first);
    let many = join_all((0..20).map(|_| desk.ask("another"))).await;
    assert!(many.iter().all(Result::is_ok));
    assert_eq!(server.calls(), 2);
    assert_eq!(desk.account().calls, 2);

    // And in another process, with the same journal.
    let Desk {
        folder,
        journal: old,
        mind,
    } = desk;
    mind.close().await;
    drop((mind, old));
    let journal = reopened(folder.path());
    let settings = settings(&server, &[]);
    let mind = Mind::start(
        &settings.llm,
        &settings.budget,
        &environment(),
        &journal,
        ReplySource::Endpoint,
        None,
    )
    .unwrap();
    let context = context(&journal, folder.path(), "data_analyst");
    let again = mind.ask(&context, question("hello"), |_: &Word| Ok(())).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(server.calls(), 2);
    assert_eq!(mind.account().calls, 2);
}

/// The journal's own thread lets go of the database a moment after the last handle is gone.
fn reopened(folder: &Path) -> Journal {
    let until = Instant::now() + Duration::from_secs(20);
    let options = Options {
        durability: Durability::Process,
    };
    loop {
        match Journal::open(folder, options) {
            Ok(journal) => return journal,
            Err(error) if Instant::now() > until => panic!("{error}"),
            Err(_) => std::thread::yield_now(),
        }
    }
}

#[tokio::test]
async fn a_wrong_answer_gets_one_more_try_with_the_reason() {
    let server = ModelServer::start();
    server.script([
        ScriptedReply::text("I would say: hello"),
        ScriptedReply::answer(&json!({"word": "right"})),
    ]);
    let desk = Desk::new(&server, &[]);
    assert_eq!(desk.ask("hello").await.unwrap().value.word, "right");
    let second = &server.chats()[1];
    assert_eq!(second.turns(), 4);
    assert_eq!(second.said("assistant"), "I would say: hello");
    assert!(
        second.user().contains("no JSON") && second.user().contains("\"word\""),
        "{}",
        second.user()
    );
    assert_eq!(desk.account().calls, 2);
}

#[tokio::test]
async fn a_second_wrong_answer_is_the_last() {
    let server = ModelServer::start();
    server.respond(|_| ScriptedReply::answer(&json!({"word": 7})));
    let desk = Desk::new(&server, &[]);
    for _ in 0..2 {
        let Err(LlmError::Invalid { reason, .. }) = desk.ask("hello").await else {
            panic!()
        };
        assert!(reason.contains("/word"), "{reason}");
    }
    // Asked again, it is wrong again, for nothing.
    assert_eq!(server.calls(), 2);
}

#[tokio::test]
async fn the_askers_own_check_counts() {
    let server = ModelServer::start();
    server.respond(|asked| ScriptedReply::answer(&json!({"word": format!("try {}", asked.nth)})));
    let desk = Desk::new(&server, &[]);
    let check = |word: &Word| match word.word.as_str() {
        "try 1" => Ok(()),
        other => Err(format!("`{other}` is not the word").into()),
    };
    let answer = desk.mind.ask(&desk.context(), question("hello"), check).await.unwrap();
    assert_eq!(answer.value.word, "try 1");
    assert!(server.chats()[1].user().contains("`try 0` is not the word"));
}

#[tokio::test]
async fn pieces_of_a_reply_are_heard_as_they_come() {
    let server = ModelServer::start();
    server.respond(|_| ScriptedReply::answer(&json!({"word": "a long word that comes in pieces"})));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let hear = move |event: MindEvent<'_>| match event {
        MindEvent::Said { agent, piece, so_far } => {
            let mut heard = hears.lock().unwrap();
            heard.push(piece.to_owned());
            assert_eq!((agent, so_far), ("hypothesis_generator", heard.concat().as_str()));
        }
        MindEvent::Replied(account) => assert_eq!(account.calls, 1),
    };
    let desk = Desk::heard(&server, &[], Some(Arc::new(hear)));
    desk.ask("hello").await.unwrap();
    let heard = heard.lock().unwrap();
    assert!(heard.len() > 2, "{heard:?}");
    assert_eq!(heard.concat(), r#"{"word":"a long word that comes in pieces"}"#);
}

#[tokio::test]
async fn each_agent_has_its_model() {
    let server = ModelServer::start();
    let desk = Desk::new(&server, &[("llm.models.data_analyst", "words")]);
    let context = context(&desk.journal, desk.folder.path(), "data_analyst");
    let answer = desk
        .mind
        .ask(&context, question("hello"), |_: &Word| Ok(()))
        .await
        .unwrap();
    desk.ask("hello").await.unwrap();
    assert_eq!(answer.model, "words");
    let models: Vec<_> = server.chats().iter().map(|asked| asked.body["model"].clone()).collect();
    assert_eq!(models, ["words", "m"]);
}

#[tokio::test]
async fn a_recorded_run_answers_in_place_of_an_endpoint() {
    let server = ModelServer::start();
    let desk = Desk::new(&server, &[]);
    let recorded = desk.ask("hello").await.unwrap();
    let calls = server.calls();
    let settings = settings(&server, &[]);
    drop(server);

    let replay = Replay::from_entries(desk.journal.entries()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path());
    let nothing = kosmos::config::Environment::default();
    let mind = Mind::start(
        &settings.llm,
        &settings.budget,
        &nothing,
        &journal,
        ReplySource::Replay(replay),
        None,
    )
    .unwrap();
    assert_eq!(mind.probe().await.unwrap(), None);
    let context = context(&journal, folder.path(), "hypothesis_generator");
    let answer = mind.ask(&context, question("hello"), |_: &Word| Ok(())).await.unwrap();
    assert_eq!((answer, calls), (recorded, 1));
    assert_eq!(mind.account().total, desk.account().total);
    let other = mind.ask(&context, question("other"), |_: &Word| Ok(())).await;
    assert!(
        matches!(other, Err(LlmError::NotRecorded { agent, purpose }) if agent == "hypothesis_generator" && purpose == "propose")
    );
}

#[tokio::test]
async fn a_connection_is_used_again() {
    for stream in ["true", "false"] {
        let server = ModelServer::start();
        server.models(["m"]);
        let desk = Desk::new(&server, &[("llm.stream", stream)]);
        desk.mind.probe().await.unwrap();
        for n in 0..10 {
            desk.ask(&format!("question {n}")).await.unwrap();
        }
        assert_eq!((server.calls(), server.connections()), (10, 1), "{stream}");
    }
}

#[tokio::test]
async fn a_large_answer_is_read_as_well() {
    let server = ModelServer::start();
    let word = "long ".repeat(50_000);
    let reply = json!({"word": word});
    server.respond(move |_| ScriptedReply::answer(&reply));
    let desk = Desk::new(&server, &[("llm.timeout", "30s")]);
    assert_eq!(desk.ask("hello").await.unwrap().value.word, word);
}
