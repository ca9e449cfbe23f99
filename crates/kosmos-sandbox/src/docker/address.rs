//! Where an engine is, and how it is reached.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use bollard::{API_DEFAULT_VERSION, Docker, errors::Error};

use crate::SandboxError;

/// What bollard itself allows for a connection's silence, in seconds.
const SILENCE: u64 = 600;

/// An engine's address.
#[derive(Debug, Clone)]
pub struct Address {
    /// Such as `unix:///run/docker.sock` or `tcp://host:2376`.
    pub host: String,
    /// The folder with `ca.pem`, `cert.pem` and `key.pem`, where TLS is used.
    certificates: Option<PathBuf>,
}

impl Address {
    /// The address that is given, or that `DOCKER_HOST` names, or that of the first socket there is.
    pub fn find(host: Option<&str>) -> Result<Self, SandboxError> {
        let host = match host.map(str::to_owned).or_else(|| variable("DOCKER_HOST")) {
            Some(host) => host,
            None => first_socket()?,
        };
        let tls =
            host.starts_with("https://") || (host.starts_with("tcp://") && variable("DOCKER_TLS_VERIFY").is_some());
        Ok(Self {
            host,
            certificates: tls.then(certificates),
        })
    }

    /// A client, which has not connected yet.
    pub fn client(&self) -> Result<Docker, SandboxError> {
        let made = match (self.host.strip_prefix("unix://"), &self.certificates) {
            (Some(path), _) => Docker::connect_with_unix(path, SILENCE, API_DEFAULT_VERSION),
            (None, Some(folder)) => {
                let file = |name: &str| folder.join(name);
                let files = [file("key.pem"), file("cert.pem"), file("ca.pem")];
                // One that is missing would show only as a refusal by the engine.
                for path in &files {
                    fs::read(path)
                        .map_err(|error| self.unreachable(&format!("cannot read {}: {error}", path.display())))?;
                }
                let [key, cert, ca] = &files;
                Docker::connect_with_ssl(&self.host, key, cert, ca, SILENCE, API_DEFAULT_VERSION)
            }
            (None, None) => Docker::connect_with_http(&self.host, SILENCE, API_DEFAULT_VERSION),
        };
        made.map_err(|error| self.unreachable(&said(&error)))
    }

    /// There is no engine, or none that lets kosmos in.
    pub fn unreachable(&self, cause: &str) -> SandboxError {
        let remedy = match &self.certificates {
            Some(folder) => format!(
                "check that it runs, and the certificates in {} (DOCKER_CERT_PATH names the folder): ca.pem must be of \
                 who signed the engine's, cert.pem and key.pem of a client that the engine lets in",
                folder.display()
            ),
            None if self.host.starts_with("tcp://") => "check that it runs, and set DOCKER_TLS_VERIFY=1 and \
                 DOCKER_CERT_PATH if it wants TLS"
                .to_owned(),
            None => START.to_owned(),
        };
        SandboxError::Unavailable {
            missing: vec![format!("no container engine at {}: {}", self.host, cause.trim())],
            remedy: format!("{remedy}, or set the sandbox's backend to `process`"),
        }
    }
}

const START: &str = "start one (`systemctl start docker`), name another by `sandbox.engine` or DOCKER_HOST";

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The sockets where engines listen: Docker's, rootless Docker's, Podman's.
fn first_socket() -> Result<String, SandboxError> {
    let mut places = vec![PathBuf::from("/var/run/docker.sock")];
    if let Some(own) = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        places.push(own.join("docker.sock"));
        places.push(own.join("podman/podman.sock"));
    }
    places.push(PathBuf::from("/run/podman/podman.sock"));
    match places.iter().find(|place| place.exists()) {
        Some(place) => Ok(format!("unix://{}", place.display())),
        None => {
            let looked: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
            Err(SandboxError::Unavailable {
                missing: vec![format!(
                    "no container engine at this machine: no socket at {}",
                    looked.join(", ")
                )],
                remedy: format!("{START}, or set the sandbox's backend to `process`"),
            })
        }
    }
}

fn certificates() -> PathBuf {
    let home = || variable("HOME").map(|home| Path::new(&home).join(".docker"));
    variable("DOCKER_CERT_PATH")
        .map(PathBuf::from)
        .or_else(home)
        .unwrap_or_default()
}

/// An error with its causes, which name what the system said.
pub fn said(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text.push_str(": ");
            text.push_str(&next_text);
        }
        cause = next.source();
    }
    text
}
