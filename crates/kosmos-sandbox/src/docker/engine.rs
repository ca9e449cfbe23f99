//! Calls to the container engine, each with a time limit.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use bollard::{Docker, errors::Error};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::address::{EngineAddress, with_causes};
use crate::SandboxError;

/// How long one call may take; uploads and image builds have limits of their own.
const CALL: Duration = Duration::from_secs(30);
/// How long an engine may take to answer a ping.
const GREETING: Duration = Duration::from_secs(5);
/// The oldest supported API (Docker 20.10).
const OLDEST: (usize, usize) = (1, 41);

/// A container engine that has answered once.
#[derive(Debug, Clone)]
pub struct ContainerEngine {
    docker: Docker,
    address: EngineAddress,
}

impl ContainerEngine {
    /// Connects to the engine at `host`, such as `unix:///run/docker.sock` or `tcp://host:2376`. Without
    /// `host`, `DOCKER_HOST` names the engine; without both, it is the first socket of Docker or Podman
    /// that exists, the system's before the user's. TLS is used for `tcp://` when `DOCKER_TLS_VERIFY` is
    /// set, with the certificates in `DOCKER_CERT_PATH`.
    ///
    /// # Errors
    /// [`SandboxError::Unavailable`] if no engine answers there or it is too old.
    pub async fn connect(host: Option<&str>) -> Result<Self, SandboxError> {
        let address = EngineAddress::find(host)?;
        let negotiated = timeout(GREETING, address.make_client()?.negotiate_version())
            .await
            .map_err(|_| address.unreachable_error("it does not answer"))?
            .map_err(|error| address.unreachable_error(&with_causes(&error)))?;
        let version = negotiated.client_version();
        if (version.major_version, version.minor_version) < OLDEST {
            return Err(SandboxError::Unavailable {
                missing: vec![format!(
                    "the container engine at {} speaks API {version}; {}.{} is the oldest that is supported",
                    address.host, OLDEST.0, OLDEST.1
                )],
                remedy: "update the engine (Docker 20.10 or newer), or set the sandbox's backend to `process`"
                    .to_owned(),
            });
        }
        Ok(Self {
            docker: negotiated,
            address,
        })
    }

    /// Returns the client, for calls that are streams.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Returns the engine's address.
    pub fn host(&self) -> &str {
        &self.address.host
    }

    /// Waits for a call, for half a minute at most.
    pub async fn call<T>(
        &self,
        action: &'static str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, SandboxError> {
        self.call_within(CALL, action, call).await
    }

    /// Waits for a call, for `limit` at most.
    pub async fn call_within<T>(
        &self,
        limit: Duration,
        action: &'static str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, SandboxError> {
        match timeout(limit, call).await {
            Ok(done) => done.map_err(|error| classify_error(action, &error)),
            Err(_) => Err(SandboxError::EngineLost {
                action,
                cause: format!("no answer within {}", humantime::format_duration(limit)),
            }),
        }
    }

    /// Waits until the engine answers again, for `patience` at most.
    ///
    /// # Errors
    /// [`SandboxError::Unavailable`] if it does not answer, [`SandboxError::Cancelled`] if `cancel` fires.
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
                    engine = self.address.host,
                    "the container engine does not answer; waiting for it"
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
        Err(self
            .address
            .unreachable_error(&format!("it has not answered for {waited}")))
    }
}

/// Turns a failed call into the error it means: the engine is gone, its disk is full, or it refused.
pub(super) fn classify_error(action: &'static str, error: &Error) -> SandboxError {
    match error {
        Error::DockerResponseServerError { message, .. } if message.contains("no space left on device") => {
            SandboxError::Unavailable {
                missing: vec![format!("the container engine could not {action}: its disk is full")],
                remedy: "free some space there (`docker system df` shows what uses it), then `kosmos resume` the run"
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
            cause: with_causes(other),
        },
    }
}
