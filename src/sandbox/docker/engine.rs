//! The engine: where it is, and calls to it that always come to an end.

use std::{
    env,
    future::Future,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use bollard::{API_DEFAULT_VERSION, Docker, errors::Error};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::sandbox::SandboxError;

/// How long one call may take; uploads and image builds have their own.
const CALL: Duration = Duration::from_secs(30);
/// How long an engine may take to say that it is there.
const GREETING: Duration = Duration::from_secs(5);
/// The oldest API that has what is needed (Docker 20.10).
const OLDEST: (usize, usize) = (1, 41);
/// What bollard itself allows for a connection's silence, in seconds.
const SILENCE: u64 = 600;

/// An engine that has answered once.
#[derive(Debug, Clone)]
pub struct Engine {
    docker: Docker,
    host: String,
}

impl Engine {
    /// Connects to the engine at `host`, such as `unix:///run/docker.sock` or `tcp://host:2376`; without
    /// one to the one that `DOCKER_HOST` names, and without that to the first socket of Docker or Podman
    /// that is there, a user's own after the system's. TLS is used for `tcp://` when `DOCKER_TLS_VERIFY` is
    /// set, with the certificates in `DOCKER_CERT_PATH`.
    ///
    /// # Errors
    /// [`SandboxError::Unavailable`] if no engine answers there or it is too old, with the remedy.
    pub async fn connect(host: Option<&str>) -> Result<Self, SandboxError> {
        let host = match host.map(str::to_owned).or_else(from_environment) {
            Some(host) => host,
            None => first_socket()?,
        };
        let docker = client(&host).map_err(|error| no_engine(&host, &error.to_string()))?;
        let negotiated = timeout(GREETING, docker.negotiate_version())
            .await
            .map_err(|_| no_engine(&host, "it does not answer"))?
            .map_err(|error| no_engine(&host, &said(&error)))?;
        let version = negotiated.client_version();
        if (version.major_version, version.minor_version) < OLDEST {
            return Err(SandboxError::Unavailable {
                missing: vec![format!(
                    "the container engine at {host} speaks API {version}, and {}.{} is the oldest that will do",
                    OLDEST.0, OLDEST.1
                )],
                remedy: "update the engine (Docker 20.10 or newer), or set the sandbox's backend to `process`"
                    .to_owned(),
            });
        }
        Ok(Self {
            docker: negotiated,
            host,
        })
    }

    /// The client, for calls that are streams.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Where the engine is.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Makes a call, which has to come to an end within half a minute.
    pub async fn call<T>(
        &self,
        action: &'static str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, SandboxError> {
        self.call_within(CALL, action, call).await
    }

    /// Makes a call that may take as long as `limit`.
    pub async fn call_within<T>(
        &self,
        limit: Duration,
        action: &'static str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, SandboxError> {
        match timeout(limit, call).await {
            Ok(done) => done.map_err(|error| fault(action, &error)),
            Err(_) => Err(SandboxError::EngineLost {
                action,
                cause: format!("no answer within {}", humantime::format_duration(limit)),
            }),
        }
    }

    /// Waits until the engine answers again, for `patience` at most.
    ///
    /// # Errors
    /// [`SandboxError::Unavailable`] if it does not, [`SandboxError::Cancelled`] if `cancel` fires.
    pub async fn wait_until_back(&self, patience: Duration, cancel: &CancellationToken) -> Result<(), SandboxError> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(100);
        let mut told = false;
        loop {
            match timeout(GREETING, self.docker.ping()).await {
                Ok(Ok(_)) => return Ok(()),
                _ if started.elapsed() > patience => break,
                _ => {}
            }
            if !told {
                tracing::warn!(
                    engine = self.host,
                    "the container engine does not answer: waiting for it"
                );
                told = true;
            }
            tokio::select! {
                () = cancel.cancelled() => return Err(SandboxError::Cancelled),
                () = sleep(pause) => {}
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
        let waited = humantime::format_duration(Duration::from_secs(patience.as_secs()));
        Err(no_engine(&self.host, &format!("it has not answered for {waited}")))
    }
}

fn from_environment() -> Option<String> {
    env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty())
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
            Err(no_engine(
                "this machine",
                &format!("no socket at {}", looked.join(", ")),
            ))
        }
    }
}

fn client(host: &str) -> Result<Docker, Error> {
    let remote = host.strip_prefix("tcp://").or_else(|| host.strip_prefix("https://"));
    let tls = env::var_os("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty()) || host.starts_with("https://");
    match (host.strip_prefix("unix://"), remote) {
        (Some(path), _) => Docker::connect_with_unix(path, SILENCE, API_DEFAULT_VERSION),
        (None, Some(_)) if tls => {
            let folder = certificates();
            let file = |name: &str| -> PathBuf { folder.join(name) };
            let (key, cert, ca) = (file("key.pem"), file("cert.pem"), file("ca.pem"));
            Docker::connect_with_ssl(host, &key, &cert, &ca, SILENCE, API_DEFAULT_VERSION)
        }
        _ => Docker::connect_with_http(host, SILENCE, API_DEFAULT_VERSION),
    }
}

fn certificates() -> PathBuf {
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".docker"));
    env::var_os("DOCKER_CERT_PATH")
        .map(PathBuf::from)
        .or_else(home)
        .unwrap_or_default()
}

fn no_engine(host: &str, cause: &str) -> SandboxError {
    SandboxError::Unavailable {
        missing: vec![format!("no container engine at {host}: {cause}")],
        remedy: "start one (`systemctl start docker`), name another by `sandbox.engine` or DOCKER_HOST, \
                 or set the sandbox's backend to `process`"
            .to_owned(),
    }
}

/// What became of a call: the engine has gone, it has no room, or it refused.
pub(super) fn fault(action: &'static str, error: &Error) -> SandboxError {
    match error {
        Error::DockerResponseServerError { message, .. } if message.contains("no space left on device") => {
            SandboxError::Unavailable {
                missing: vec![format!("the container engine could not {action}: its disk is full")],
                remedy: "free some space there (`docker system df` tells what takes it), then `kosmos resume` the run"
                    .to_owned(),
            }
        }
        Error::DockerResponseServerError { status_code, message } => SandboxError::Engine {
            action,
            status: *status_code,
            cause: message.trim().to_owned(),
        },
        other => SandboxError::EngineLost {
            action,
            cause: said(other),
        },
    }
}

/// An error with its causes, which name what the system said.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
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
