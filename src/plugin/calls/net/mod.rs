//! `net.fetch`: GET requests to the hosts that an agent's `agent.toml` lists.
//!
//! | file | noun |
//! |---|---|
//! | `headers` | the headers that an agent gives to its request |
//! | `fetcher` | a request: its names, addresses, redirects and answer |
//! | `connection` | the connection for one request |

mod connection;
mod fetcher;
mod headers;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::{Called, EventHandling, Outcome, read_params};
use crate::plugin::{
    ChosenAgent,
    network::{HostRule, HostRuleError, config_key},
};
use crate::prompt::{inline, shorten_to};
use fetcher::{FetchLimits, Fetcher, check_permitted, system_lookup};
use headers::RequestHeaders;

/// Limits on a call; the body has to fit into a line of the protocol as JSON.
const LIMITS: FetchLimits = FetchLimits {
    time: Duration::from_secs(30),
    body: 2 << 20,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fetch {
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

/// Answers `net.fetch`.
pub(super) async fn fetch_url(handling: &mut EventHandling<'_>, params: &Value) -> Called {
    let asked: Fetch = match read_params(params) {
        Ok(asked) => asked,
        Err(error) => return Ok(Err(error)),
    };
    let rules = permitted_hosts(handling.chosen);
    let url = match check_permitted(&asked.url, &rules) {
        Ok(url) => url,
        Err(error) => return Ok(Err(error)),
    };
    let headers = match RequestHeaders::check(&asked.headers) {
        Ok(headers) => headers,
        Err(error) => return Ok(Err(error.into())),
    };
    let fetched = handling.call_once("net.fetch", params, || async move {
        let fetcher = Fetcher {
            rules: &rules,
            lookup: &system_lookup,
            limits: LIMITS,
        };
        Ok(match fetcher.fetch(url, headers).await {
            Ok(answer) => Outcome::Result(answer),
            Err(error) => Outcome::Failed {
                code: error.code(),
                message: error.to_string(),
            },
        })
    });
    Ok(fetched.await?.into_result())
}

/// The hosts that an agent may fetch from: those in its manifest, and those in its configuration where the manifest
/// names a key of it. An entry that permits nothing is logged.
fn permitted_hosts(chosen: &ChosenAgent) -> Vec<HostRule> {
    let mut rules = Vec::new();
    let mut add = |text: &str, rule: Result<HostRule, HostRuleError>| match rule {
        Ok(rule) => rules.push(rule),
        Err(error) => {
            let (agent, entry) = (&chosen.manifest.name, shorten_to(&inline(text), 80));
            tracing::warn!(%agent, entry, %error, "an entry of `network` permits nothing");
        }
    };
    for entry in &chosen.manifest.permissions.network {
        let Some((key, private)) = config_key(entry) else {
            add(entry, HostRule::parse(entry));
            continue;
        };
        let texts: Vec<&str> = match chosen.config.get(key) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            Some(Value::Object(map)) => map.values().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for text in texts {
            add(text, HostRule::parse_configured(text, private));
        }
    }
    rules
}
