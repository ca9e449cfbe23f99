//! The server that is measured.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use kosmos::graph::Neo4jOptions;

use super::{BATCH, memory};

/// The database of the graph that is made.
const DATABASE: &str = "bench";

/// What a server that is started here may take of memory: the graph is of some two gigabytes.
const HEAP: &str = "4g";

pub struct Server {
    uri: String,
    password: String,
    folder: Option<PathBuf>,
    /// Whether it was started for this.
    own: bool,
}

impl Server {
    pub fn find() -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        let found = variable("KOSMOS_TEST_BOLT").map(|uri| Self {
            uri,
            password: variable("KOSMOS_TEST_BOLT_PASSWORD").unwrap_or_default(),
            folder: variable("KOSMOS_TEST_BOLT_FOLDER").map(PathBuf::from),
            own: false,
        });
        let server = found.unwrap_or_else(|| {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-graph-server");
            let uri = graph(&["start".as_ref(), folder.as_os_str()]);
            Self {
                uri,
                password: fs::read_to_string(folder.join("password")).unwrap(),
                folder: Some(folder),
                own: true,
            }
        });
        if let Some(folder) = &server.folder {
            graph(&["database".as_ref(), folder.as_os_str(), DATABASE.as_ref()]);
        }
        server
    }

    pub fn options(&self) -> Neo4jOptions {
        Neo4jOptions {
            uri: self.uri.clone(),
            user: "root".to_owned(),
            password: self.password.clone().into(),
            database: self.folder.is_some().then(|| DATABASE.to_owned()),
            timeout: Duration::from_secs(120),
            batch: BATCH,
            patience: Duration::from_secs(120),
        }
    }

    /// In megabytes: now, and at most.
    pub fn memory(&self) -> Option<(u64, u64)> {
        let pid = fs::read_to_string(self.folder.as_ref()?.join("pid")).ok()?;
        Some(memory(pid.trim()))
    }

    pub fn stop(self) {
        if let Some(folder) = self.folder.filter(|_| self.own) {
            graph(&["stop".as_ref(), folder.as_os_str()]);
        }
    }
}

fn graph(arguments: &[&OsStr]) -> String {
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/graph"))
        .args(arguments)
        .env("KOSMOS_TEST_BOLT_HEAP", HEAP)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
