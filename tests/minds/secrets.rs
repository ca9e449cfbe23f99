//! The key is in nothing that is written or told, even where the endpoint sends it back.

use std::sync::{Arc, Mutex};

use kosmos::llm::{MindEvent, probe_endpoint};
use serde_json::json;
use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt};

use super::desk::{Desk, KEY, Word, environment, question, settings};
use kosmos_testing::model_server::{ModelServer, ScriptedReply};

/// Everything that is logged, by whatever library, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_key_is_nowhere() {
    let log = Log::default();
    let layer = tracing_subscriber::fmt::layer().with_writer(log.clone());
    // For the whole process: calls are made on threads of their own.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    let escaped: String = KEY.chars().map(|letter| format!("\\u{:04x}", letter as u32)).collect();
    let error = json!({"error": {"message": format!("Incorrect API key provided: {KEY}"), "code": KEY}});
    let steps = [
        ScriptedReply::text(&format!("{{\"word\": \"{KEY}\"}}")),
        ScriptedReply::text(&format!("the key is {KEY}, {KEY}")),
        ScriptedReply::raw(format!(
            "{{\"choices\": [{{\"message\": {{\"content\": \"{{\\\"word\\\": \\\"{escaped}\\\"}}\"}}, \"finish_reason\": \"{KEY}\"}}]}}"
        )),
        ScriptedReply::raw(format!("not JSON {KEY}")),
        ScriptedReply::raw(format!("data: not JSON {KEY}\n\n")).header("content-type", "text/event-stream"),
        ScriptedReply::text("").field("refusal", format!("I refuse {KEY}")),
        ScriptedReply::status(401, &error),
        ScriptedReply::status(400, format!("bad header Bearer {KEY}")),
        ScriptedReply::status(503, format!("<html>{KEY}</html>")),
        ScriptedReply::status(500, &error),
        ScriptedReply::raw(&error),
    ];
    let mut told = String::new();
    for stream in ["true", "false"] {
        for step in &steps {
            let server = ModelServer::start();
            let (answered, listed) = (step.clone(), step.clone());
            server.respond(move |_| answered.clone());
            let heard = Arc::new(Mutex::new(String::new()));
            let hears = Arc::clone(&heard);
            let listener = move |event: MindEvent<'_>| hears.lock().unwrap().push_str(&format!("{event:?}"));
            let desk = Desk::heard(&server, &[("llm.stream", stream)], Some(Arc::new(listener)));
            let check = |word: &Word| match word.word.contains("secret") {
                true => Err(format!("`{}` is no word", word.word).into()),
                false => Ok(()),
            };
            told.push_str(&format!(
                "{:?}",
                desk.mind.ask(&desk.context(), question("hello"), check).await
            ));
            server.listing(listed);
            told.push_str(&format!(
                "{:?}",
                probe_endpoint(&settings(&server, &[]).llm, &environment()).await
            ));
            told.push_str(&format!("{:?}{}", desk.mind, heard.lock().unwrap()));
            assert_eq!(server.chats()[0].headers["authorization"], format!("Bearer {KEY}"));
            told.push_str(&desk.all_text());
        }
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("trying again") && told.contains("[secret]"));
    for text in [log, told] {
        // Its middle is enough to betray it; pieces of a reply may hold its first letters.
        if let Some(at) = text.find("secret-0123") {
            panic!("{}", text.get(at.saturating_sub(200)..at + 40).unwrap_or_default());
        }
    }
}
