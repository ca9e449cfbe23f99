//! Finds the address of a container engine and connects to it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use bollard::{API_DEFAULT_VERSION, Docker, errors::Error};

use crate::SandboxError;

/// bollard's own limit on a silent connection, in seconds.
const SILENCE: u64 = 600;

/// An engine's address.
#[derive(Debug, Clone)]
pub struct EngineAddress {
    /// `unix:///run/docker.sock` or `tcp://host:2376`, for example.
    pub host: String,
    /// The folder with `ca.pem`, `cert.pem` and `key.pem`, if TLS is used.
    certificates: Option<PathBuf>,
}

impl EngineAddress {
    /// Returns the given address, or that of `DOCKER_HOST`, or that of the first socket that exists.
    pub fn find(host: Option<&str>) -> Result<Self, SandboxError> {
        let host = match host.map(str::to_owned).or_else(|| nonempty_variable("DOCKER_HOST")) {
            Some(host) => host,
            None => first_socket()?,
        };
        let tls = host.starts_with("https://")
            || (host.starts_with("tcp://") && nonempty_variable("DOCKER_TLS_VERIFY").is_some());
        Ok(Self {
            host,
            certificates: tls.then(certificates_folder),
        })
    }

    /// Makes a client, which has not connected yet.
    pub fn make_client(&self) -> Result<Docker, SandboxError> {
        let made = match (self.host.strip_prefix("unix://"), &self.certificates) {
            (Some(path), _) => Docker::connect_with_unix(path, SILENCE, API_DEFAULT_VERSION),
            (None, Some(folder)) => {
                let file = |name: &str| folder.join(name);
                let files = [file("key.pem"), file("cert.pem"), file("ca.pem")];
                // A missing file would otherwise show only as a refusal by the engine.
                for path in &files {
                    fs::read(path)
                        .map_err(|error| self.unreachable_error(&format!("cannot read {}: {error}", path.display())))?;
                }
                let [key, cert, ca] = &files;
                Docker::connect_with_ssl(&self.host, key, cert, ca, SILENCE, API_DEFAULT_VERSION)
            }
            (None, None) => Docker::connect_with_http(&self.host, SILENCE, API_DEFAULT_VERSION),
        };
        made.map_err(|error| self.unreachable_error(&with_causes(&error)))
    }

    /// Returns the error for an engine that does not exist or refuses Kosmos.
    pub fn unreachable_error(&self, cause: &str) -> SandboxError {
        let remedy = match &self.certificates {
            Some(folder) => format!(
                "check that it runs, and check the certificates in {} (DOCKER_CERT_PATH names the folder): ca.pem must \
                 be from the authority that signed the engine's certificate, cert.pem and key.pem from a client that \
                 the engine accepts",
                folder.display()
            ),
            None if self.host.starts_with("tcp://") => "check that it runs, and set DOCKER_TLS_VERIFY=1 and \
                 DOCKER_CERT_PATH if it requires TLS"
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

fn nonempty_variable(name: &str) -> Option<String> {
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
                    "no container engine on this machine: no socket at {}",
                    looked.join(", ")
                )],
                remedy: format!("{START}, or set the sandbox's backend to `process`"),
            })
        }
    }
}

fn certificates_folder() -> PathBuf {
    let home = || nonempty_variable("HOME").map(|home| Path::new(&home).join(".docker"));
    nonempty_variable("DOCKER_CERT_PATH")
        .map(PathBuf::from)
        .or_else(home)
        .unwrap_or_default()
}

/// Returns an error's text with its causes, which contain the system's message.
pub fn with_causes(error: &Error) -> String {
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
