//! The servers of the tests.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use kosmos::graph::Neo4jOptions;
use secrecy::ExposeSecret;

use super::{part::part, proxy::Proxy};

/// Where a server is, and how to get in.
pub struct Server {
    pub options: Neo4jOptions,
    /// Of `tests/graph`, where that started it.
    folder: Option<PathBuf>,
    /// Whether it ends with this.
    own: bool,
}

impl Drop for Server {
    fn drop(&mut self) {
        // However a test ends, its server does.
        if let Some(folder) = self.folder.as_ref().filter(|_| self.own) {
            let stopped = Command::new(GRAPH).arg("stop").arg(folder).status();
            if !stopped.is_ok_and(|status| status.success()) {
                println!("the server in {} could not be stopped", folder.display());
            }
        }
    }
}

const GRAPH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/graph");

impl Server {
    /// The one that the tests share; nothing, loudly, where there is none.
    pub fn shared() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        if let Some(uri) = variable("NEO4J_URI") {
            let user = variable("NEO4J_USER").unwrap_or_else(|| "neo4j".to_owned());
            let password = variable("NEO4J_PASSWORD").unwrap_or_default();
            let mut options = options(uri, user, password);
            options.database = variable("NEO4J_DATABASE");
            return Some(Self {
                options,
                folder: None,
                own: false,
            });
        }
        let uri = part("KOSMOS_TEST_BOLT", "graph database")?;
        let password = variable("KOSMOS_TEST_BOLT_PASSWORD").unwrap_or_default();
        Some(Self {
            options: options(uri, "root".to_owned(), password),
            folder: variable("KOSMOS_TEST_BOLT_FOLDER").map(PathBuf::from),
            own: false,
        })
    }

    /// The shared one, with a database of the test's own where that can be had.
    pub fn with_database(name: &str) -> Option<Self> {
        let mut server = Self::shared()?;
        if let Some(folder) = &server.folder {
            graph(&["database".as_ref(), folder.as_os_str(), name.as_ref()]);
            server.options.database = Some(name.to_owned());
        }
        Some(server)
    }

    /// One of the test's own, which it may ill-treat. It is not for servers that others run.
    pub fn own(folder: &Path) -> Option<Self> {
        Self::shared()?.folder.as_ref()?;
        let folder = folder.join("server");
        let started = graph(&["start".as_ref(), folder.as_os_str()]);
        let uri = String::from_utf8(started.stdout).unwrap().trim().to_owned();
        let password = std::fs::read_to_string(folder.join("password")).unwrap();
        let server = Self {
            options: options(uri, "root".to_owned(), password.trim().to_owned()),
            folder: Some(folder),
            own: true,
        };
        Some(server)
    }

    /// The settings and the password that lead a command here.
    pub fn tell(&self, command: &mut Command) {
        let Neo4jOptions {
            uri,
            user,
            password,
            database,
            ..
        } = &self.options;
        command.env("KOSMOS__GRAPH__STORE", "neo4j");
        command.env("KOSMOS__GRAPH__URI", uri).env("KOSMOS__GRAPH__USER", user);
        command.env("NEO4J_PASSWORD", password.expose_secret());
        if let Some(database) = database {
            command.env("KOSMOS__GRAPH__DATABASE", database);
        }
    }

    /// The same, by way of a proxy.
    pub fn through(&self, proxy: &Proxy) -> Self {
        let mut options = self.options.clone();
        options.uri.clone_from(&proxy.address);
        Self {
            options,
            folder: self.folder.clone(),
            own: false,
        }
    }

    pub fn kill(&self) {
        graph(&["kill".as_ref(), self.folder.as_deref().unwrap().as_os_str()]);
    }

    pub fn restart(&self) {
        graph(&["restart".as_ref(), self.folder.as_deref().unwrap().as_os_str()]);
    }
}

fn options(uri: String, user: String, password: String) -> Neo4jOptions {
    Neo4jOptions {
        uri,
        user,
        password: password.into(),
        database: None,
        timeout: Duration::from_secs(30),
        batch: 500,
        patience: Duration::from_secs(60),
    }
}

fn graph(arguments: &[&std::ffi::OsStr]) -> Output {
    let output = Command::new(GRAPH).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
