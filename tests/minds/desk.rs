//! A mind over a scripted server, and an agent's context to ask it from.

use std::{path::Path, sync::Arc};

use kosmos::{
    agent::{AgentContext, Cancel},
    config::{Environment, Overrides, Request, Settings},
    journal::{Durability, Journal, Options},
    llm::{Account, LlmError, Mind, MindListener, ModelQuestion, ModelReply, ReplySource},
    message::{MessageId, agent},
    science::RunId,
};
use kosmos_testing::model_server::ModelServer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The key that must be seen nowhere.
pub const KEY: &str = "sk-very-secret-0123456789";

/// The answer that most tests ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Word {
    pub word: String,
}

/// A run's folder, its journal and its mind.
pub struct Desk {
    pub folder: tempfile::TempDir,
    pub journal: Journal,
    pub mind: Mind,
}

/// Settings for the server: waits so short that tests are quick.
pub fn settings(server: &ModelServer, changes: &[(&str, &str)]) -> Settings {
    let mut overrides = Overrides::default();
    let url = server.url();
    let usual = [
        ("policy", "llm"),
        ("llm.provider", "litellm"),
        ("llm.base_url", url.as_str()),
        ("llm.model", "m"),
        ("llm.api_key_env", "THE_KEY"),
        ("llm.timeout", "2s"),
        ("llm.max_retries", "3"),
        ("llm.backoff_min", "1ms"),
        ("llm.backoff_max", "5ms"),
        ("llm.breaker_pause", "5ms"),
        ("llm.outage_wait", "20s"),
    ];
    for (key, value) in usual {
        if changes.iter().all(|(changed, _)| *changed != key) {
            overrides.add_assignment(&format!("{key}={value}")).unwrap();
        }
    }
    for (key, value) in changes {
        overrides.add_assignment(&format!("{key}={value}")).unwrap();
    }
    let request = Request {
        overrides,
        environment: environment(),
        ..Request::default()
    };
    request.resolve().unwrap().settings
}

pub fn environment() -> Environment {
    Environment::new([("THE_KEY", KEY)], "/")
}

pub fn journal(folder: &Path) -> Journal {
    let options = Options {
        durability: Durability::Process,
    };
    Journal::open(folder, options).unwrap()
}

/// A context of that agent, for a message that no other context has.
pub fn context(journal: &Journal, folder: &Path, agent: &'static str) -> AgentContext {
    let id = MessageId::derive(&"r".parse::<RunId>().unwrap(), None, fastrand::usize(..));
    AgentContext::new(journal.clone(), Arc::from(folder), agent.into(), id, Cancel::new())
}

impl Desk {
    pub fn new(server: &ModelServer, changes: &[(&str, &str)]) -> Self {
        // Someone listens, so that replies are streamed where that is set.
        Self::heard(server, changes, Some(Arc::new(|_| ())))
    }

    pub fn heard(server: &ModelServer, changes: &[(&str, &str)], listener: Option<MindListener>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path());
        let settings = settings(server, changes);
        let mind = Mind::start(
            &settings.llm,
            &settings.budget,
            &environment(),
            &journal,
            ReplySource::Endpoint,
            listener,
        )
        .unwrap();
        Self { folder, journal, mind }
    }

    pub fn context(&self) -> AgentContext {
        context(&self.journal, self.folder.path(), agent::HYPOTHESIS_GENERATOR)
    }

    /// Asks for a word.
    pub async fn ask(&self, user: &str) -> Result<ModelReply<Word>, LlmError> {
        self.mind.ask(&self.context(), question(user), |_: &Word| Ok(())).await
    }

    /// The account by the journal, which must be the one in memory.
    pub fn account(&self) -> Account {
        let account = Account::from_entries(self.journal.entries()).unwrap();
        assert_eq!(account.total, self.mind.account().total);
        assert_eq!(account.calls, self.mind.account().calls);
        account
    }

    /// Every byte that the run left, as far as it can be read as text.
    pub fn all_text(&self) -> String {
        let mut text = String::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    text.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
                }
            }
        }
        text
    }
}

/// A question for a word.
pub fn question(user: &str) -> ModelQuestion {
    ModelQuestion {
        purpose: "propose",
        cycle: 1,
        system: "You say words.".to_owned(),
        user: user.to_owned(),
        template_sha256: "t".to_owned(),
    }
}
