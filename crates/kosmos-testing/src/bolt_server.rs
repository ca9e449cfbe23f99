//! The graph database of the tests.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{
    bolt_proxy::BoltProxy,
    repository_path,
    service::{find_service, skip_test},
};

/// Where a graph database is, and how to get in.
pub struct BoltServer {
    /// `bolt://` and its host and port.
    pub uri: String,
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// The database, if it is not the server's own choice.
    pub database: Option<String>,
    /// Of `tests/graph`, where that started it.
    folder: Option<PathBuf>,
    /// Whether it ends with this.
    own: bool,
}

impl Drop for BoltServer {
    fn drop(&mut self) {
        // However a test ends, its server does.
        if let Some(folder) = self.folder.as_ref().filter(|_| self.own) {
            let stopped = Command::new(repository_path("tests/graph"))
                .arg("stop")
                .arg(folder)
                .status();
            if !stopped.is_ok_and(|status| status.success()) {
                eprintln!("the server in {} could not be stopped", folder.display());
            }
        }
    }
}

impl BoltServer {
    fn at(uri: String, user: &str, password: String) -> Self {
        Self {
            uri,
            user: user.to_owned(),
            password,
            database: None,
            folder: None,
            own: false,
        }
    }

    /// The one that the tests share; records the test as skipped if there is none.
    pub fn shared() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        if let Some(uri) = variable("NEO4J_URI") {
            let user = variable("NEO4J_USER").unwrap_or_else(|| "neo4j".to_owned());
            let mut server = Self::at(uri, &user, variable("NEO4J_PASSWORD").unwrap_or_default());
            server.database = variable("NEO4J_DATABASE");
            return Some(server);
        }
        let uri = find_service("KOSMOS_TEST_BOLT", "graph database")?;
        let password = variable("KOSMOS_TEST_BOLT_PASSWORD").unwrap_or_default();
        let mut server = Self::at(uri, "root", password);
        server.folder = variable("KOSMOS_TEST_BOLT_FOLDER").map(PathBuf::from);
        Some(server)
    }

    /// The shared one, with a database of the test's own where that can be had.
    pub fn with_database(name: &str) -> Option<Self> {
        let mut server = Self::shared()?;
        if let Some(folder) = &server.folder {
            graph(&["database".as_ref(), folder.as_os_str(), name.as_ref()]);
            server.database = Some(name.to_owned());
        }
        Some(server)
    }

    /// One of the test's own, which it may kill and restart; records the test as skipped where the shared one is not of
    /// `tests/graph`, because it is not for servers that others run.
    pub fn own(folder: &Path) -> Option<Self> {
        if Self::shared()?.folder.is_none() {
            skip_test("KOSMOS_TEST_BOLT_FOLDER names no server of tests/graph, of which another could be started");
            return None;
        }
        let folder = folder.join("server");
        let started = graph(&["start".as_ref(), folder.as_os_str()]);
        let uri = String::from_utf8(started.stdout).unwrap().trim().to_owned();
        let password = std::fs::read_to_string(folder.join("password")).unwrap();
        let mut server = Self::at(uri, "root", password.trim().to_owned());
        server.folder = Some(folder);
        server.own = true;
        Some(server)
    }

    /// Gives a command the settings and the password that lead here.
    pub fn configure(&self, command: &mut Command) {
        command.env("KOSMOS__GRAPH__STORE", "neo4j");
        command.env("KOSMOS__GRAPH__URI", &self.uri);
        command.env("KOSMOS__GRAPH__USER", &self.user);
        command.env("NEO4J_PASSWORD", &self.password);
        if let Some(database) = &self.database {
            command.env("KOSMOS__GRAPH__DATABASE", database);
        }
    }

    /// The same server, reached by way of a proxy.
    pub fn through(&self, proxy: &BoltProxy) -> Self {
        Self {
            uri: proxy.address.clone(),
            user: self.user.clone(),
            password: self.password.clone(),
            database: self.database.clone(),
            folder: self.folder.clone(),
            own: false,
        }
    }

    /// Kills the server's process.
    pub fn kill(&self) {
        graph(&["kill".as_ref(), self.folder.as_deref().unwrap().as_os_str()]);
    }

    /// Starts the server again at the same address.
    pub fn restart(&self) {
        graph(&["restart".as_ref(), self.folder.as_deref().unwrap().as_os_str()]);
    }
}

fn graph(arguments: &[&std::ffi::OsStr]) -> Output {
    let output = Command::new(repository_path("tests/graph"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
