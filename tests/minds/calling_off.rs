//! Work that is called off, agents that fall, and a mind that is closed.

use std::time::Duration;

use futures::FutureExt;
use kosmos::{
    agent::{AgentContext, Cancel},
    llm::{LlmError, ModelReply},
    message::MessageId,
    science::RunId,
};
use serde_json::json;

use super::desk::{Desk, Word, question};
use kosmos_testing::model_server::{ModelServer, ScriptedReply};

const SLOW: Duration = Duration::from_millis(100);

fn slow(server: &ModelServer) {
    server.respond(|asked| ScriptedReply::answer(&json!({"word": asked.user()})).after(SLOW));
}

fn context(desk: &Desk, cancel: &Cancel) -> AgentContext {
    let id = MessageId::derive(&"r".parse::<RunId>().unwrap(), None, 1);
    AgentContext::new(
        desk.journal.clone(),
        desk.folder.path().into(),
        "data_analyst".into(),
        id,
        cancel.clone(),
    )
}

async fn ask(desk: &Desk, cancel: &Cancel) -> Result<ModelReply<Word>, LlmError> {
    let context = context(desk, cancel);
    desk.mind.ask(&context, question("hello"), |_: &Word| Ok(())).await
}

/// Until the server has as many chats.
async fn called(server: &ModelServer, calls: usize) {
    while server.calls() < calls {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_is_called_off_does_not_wait() {
    let server = ModelServer::start();
    server.respond(|_| ScriptedReply::hang());
    let desk = Desk::new(&server, &[("llm.timeout", "1h")]);
    let cancel = Cancel::new();
    let asking = ask(&desk, &cancel);
    let (outcome, ()) = futures::join!(asking, called(&server, 1).then(|()| async { cancel.cancel() }));
    assert!(matches!(outcome, Err(LlmError::Cancelled)));
    // Nothing is under way any more, so that closing takes no hour.
    desk.mind.close().await;
    // Who was called off before asking does not ask.
    assert!(matches!(ask(&desk, &cancel).await, Err(LlmError::Cancelled)));
    assert_eq!(server.calls(), 1);
}

#[tokio::test]
async fn a_call_outlives_an_agent_that_falls() {
    let server = ModelServer::start();
    slow(&server);
    let desk = Desk::new(&server, &[]);
    let cancel = Cancel::new();
    {
        let fallen = ask(&desk, &cancel);
        tokio::pin!(fallen);
        tokio::select! {
            _ = &mut fallen => panic!("too quick"),
            () = called(&server, 1) => {}
        }
    }
    // The fresh one is answered by the same call.
    assert_eq!(ask(&desk, &cancel).await.unwrap().value.word, "hello");
    assert_eq!(server.calls(), 1);
    assert_eq!(desk.account().calls, 1);
}

#[tokio::test]
async fn a_call_goes_on_for_the_others() {
    let server = ModelServer::start();
    slow(&server);
    let desk = Desk::new(&server, &[]);
    let (one, other) = (Cancel::new(), Cancel::new());
    let called_off = called(&server, 1).then(|()| async { one.cancel() });
    let (first, second, ()) = futures::join!(ask(&desk, &one), ask(&desk, &other), called_off);
    assert!(matches!(first, Err(LlmError::Cancelled)));
    assert_eq!(second.unwrap().value.word, "hello");
    assert_eq!(server.calls(), 1);
}

#[tokio::test]
async fn who_asks_after_a_call_was_called_off_asks_anew() {
    let server = ModelServer::start();
    server.script([ScriptedReply::hang()]);
    slow(&server);
    let desk = Desk::new(&server, &[("llm.timeout", "1h")]);
    let cancel = Cancel::new();
    let called_off = called(&server, 1).then(|()| async { cancel.cancel() });
    let (first, ()) = futures::join!(ask(&desk, &cancel), called_off);
    assert!(first.is_err());
    assert_eq!(ask(&desk, &Cancel::new()).await.unwrap().value.word, "hello");
    // The prompt of the first was sent, and is booked.
    let account = desk.account();
    assert_eq!((account.calls, account.estimated), (1, 1));
}

#[tokio::test]
async fn closing_calls_off_what_is_under_way() {
    let server = ModelServer::start();
    server.respond(|_| ScriptedReply::hang());
    let desk = Desk::new(&server, &[("llm.timeout", "1h")]);
    let closing = called(&server, 1).then(|()| desk.mind.close());
    let cancel = Cancel::new();
    let (outcome, ()) = futures::join!(ask(&desk, &cancel), closing);
    assert!(matches!(outcome, Err(LlmError::Cancelled)));
}
