//! The HTTP client, and the endpoint in the terms of async-openai.

use std::{sync::Arc, time::Duration};

use async_openai::config::Config;
use reqwest::header::HeaderMap;
use secrecy::SecretString;

use crate::llm::{
    LlmError, LlmSettings,
    endpoint::{Endpoint, rejected},
};

/// Limit on the time to connect.
const CONNECTING: Duration = Duration::from_secs(10);

/// Builds the client for an endpoint. It follows no redirects: the key is meant for one address.
pub(in crate::llm) fn http_client(settings: &LlmSettings, endpoint: &Endpoint) -> Result<reqwest::Client, LlmError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // If another thread was first, its provider is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("kosmos/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(settings.timeout.get().min(CONNECTING))
        .pool_max_idle_per_host(settings.max_concurrent as usize);
    if endpoint.is_local {
        builder = builder.no_proxy();
    }
    if endpoint.base_url.starts_with("http://") {
        // No certificates are needed, and there may be none.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| {
        let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        let causes: Vec<String> = causes.map(ToString::to_string).collect();
        rejected(
            &format!(
                "cannot build an HTTPS client for {}: {error} {}",
                endpoint.display_name(),
                causes.join(": ")
            ),
            "install this machine's certificates (package ca-certificates), or name a file of certificates in SSL_CERT_FILE",
        )
    })
}

/// Address and headers in the terms of async-openai.
#[derive(Clone)]
pub(super) struct OpenAiAddress {
    endpoint: Arc<Endpoint>,
    /// Unused: the key is among the headers.
    key: SecretString,
}

impl OpenAiAddress {
    pub(super) fn new(endpoint: Arc<Endpoint>) -> Self {
        Self {
            endpoint,
            key: SecretString::default(),
        }
    }
}

impl Config for OpenAiAddress {
    fn headers(&self) -> HeaderMap {
        self.endpoint.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint.base_url)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.endpoint.base_url
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}
