//! Entries of `permissions.network`: what an agent may reach.

use reqwest::Url;

use super::{AddressClass, Host, address::usual_form};

/// The prefix of an entry whose host may have private addresses.
const PRIVATE: &str = "private:";

/// The name that stands for this machine (RFC 6761).
const LOCALHOST: &str = "localhost";

/// A host that an agent may fetch from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule {
    host: Host,
    /// Without a port, the scheme's own.
    port: Option<u16>,
    /// Whether a name may resolve to private addresses.
    private: bool,
}

/// Why an entry permits nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostRuleError {
    /// It is not a host with or without a port.
    #[error("it must be `host` or `host:port`, without a scheme, a path or a wildcard")]
    Form,
    /// It is an IP address in a spelling that not everybody reads as that address.
    #[error("an IP address must be written in its usual form, here `{0}`")]
    Spelling(String),
    /// Nothing can be fetched from such an address.
    #[error("it is {0}, from which nothing can be fetched")]
    NoHost(AddressClass),
}

impl HostRule {
    /// Parses an entry: `host` or `host:port`, and `private:` before a name that may resolve to private addresses.
    ///
    /// # Errors
    /// [`HostRuleError`].
    pub fn parse(text: &str) -> Result<Self, HostRuleError> {
        match text.strip_prefix(PRIVATE) {
            Some(place) => Self::parse_place(place, true),
            None => Self::parse_place(text, false),
        }
    }

    /// Parses a text in an agent's configuration, which can be a whole address. `private` is true if its name may
    /// resolve to private addresses.
    ///
    /// # Errors
    /// [`HostRuleError`].
    pub fn parse_configured(text: &str, private: bool) -> Result<Self, HostRuleError> {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Self::from_url(&url, text, private),
            _ => Self::parse_place(text, private),
        }
    }

    fn parse_place(place: &str, private: bool) -> Result<Self, HostRuleError> {
        let is_plain = |letter: char| letter.is_alphanumeric() || "-._:[]".contains(letter);
        if !place.chars().all(is_plain) || place.ends_with(':') {
            return Err(HostRuleError::Form);
        }
        let url = Url::parse(&format!("http://{place}/")).map_err(|_| HostRuleError::Form)?;
        let mut rule = Self::from_url(&url, place, private)?;
        if place.ends_with(":80") {
            // A URL does not keep the port that its scheme has anyway.
            rule.port = Some(80);
        }
        Ok(rule)
    }

    /// The rule for the host and port of an address that was written so.
    fn from_url(url: &Url, written: &str, private: bool) -> Result<Self, HostRuleError> {
        let host = Host::of(url).ok_or(HostRuleError::Form)?;
        if let Host::Address(address) = host {
            let usual = usual_form(address);
            if !written_host(written).eq_ignore_ascii_case(&usual) {
                return Err(HostRuleError::Spelling(usual));
            }
        }
        let rule = Self {
            host,
            port: url.port(),
            private,
        };
        match rule.host {
            Host::Address(address) if !rule.admits(AddressClass::of(address)) => {
                Err(HostRuleError::NoHost(AddressClass::of(address)))
            }
            _ => Ok(rule),
        }
    }

    /// Returns true if the address has this host and port.
    pub fn covers(&self, url: &Url) -> bool {
        let same_port = match self.port {
            None => url.port().is_none(),
            Some(port) => url.port_or_known_default() == Some(port),
        };
        same_port && Host::of(url).as_ref() == Some(&self.host)
    }

    /// Returns true if a connection for this host may go to an address of that class: always to a public one, and to
    /// a local one only where the rule states an address itself, `localhost`, or `private:`.
    pub fn admits(&self, class: AddressClass) -> bool {
        match (&self.host, class) {
            (_, AddressClass::Public) => true,
            (Host::Address(_), class) => class.is_local(),
            (Host::Name(name), AddressClass::Loopback) if name == LOCALHOST => true,
            (Host::Name(_), AddressClass::LinkLocal) => false,
            (Host::Name(_), class) => self.private && class.is_local(),
        }
    }
}

/// The host in `host:port`, or in a whole address, as it is written.
fn written_host(text: &str) -> &str {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let text = text.rsplit_once('@').map_or(text, |(_, place)| place);
    match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => text,
    }
}

/// The configuration key that an entry names, and whether the hosts in it may have private addresses: `$key` or
/// `private:$key`.
pub fn config_key(entry: &str) -> Option<(&str, bool)> {
    match entry.strip_prefix(PRIVATE) {
        Some(rest) => rest.strip_prefix('$').map(|key| (key, true)),
        None => entry.strip_prefix('$').map(|key| (key, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(entry: &str, url: &str) -> bool {
        HostRule::parse(entry).unwrap().covers(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_rule_covers_its_host_at_its_port() {
        for (entry, url) in [
            ("api.example.org", "https://api.example.org/x?y"),
            ("api.example.org", "http://API.example.org/"),
            ("API.Example.org", "https://api.example.org:443/"),
            ("api.example.org:8443", "https://api.example.org:8443/"),
            ("api.example.org:443", "https://api.example.org/"),
            ("api.example.org:80", "http://api.example.org/"),
            ("bücher.example", "https://xn--bcher-kva.example/"),
            ("127.0.0.1:8080", "http://127.1:8080/a"),
            ("127.0.0.1:8080", "http://0x7f000001:8080/a"),
            ("127.0.0.1:8080", "http://2130706433:8080/a"),
            ("[::1]:8080", "http://[0:0::1]:8080/"),
            ("localhost:8080", "http://localhost:8080/"),
            ("private:papers.example", "https://papers.example/"),
        ] {
            assert!(covers(entry, url), "{entry} {url}");
        }
        for (entry, url) in [
            ("api.example.org", "https://example.org/"),
            ("api.example.org", "https://api.example.org.evil.example/"),
            ("api.example.org", "https://api.example.org:8443/"),
            ("api.example.org", "https://api.example.org./"),
            ("api.example.org:443", "http://api.example.org/"),
            ("api.example.org:80", "https://api.example.org/"),
            ("127.0.0.1:8080", "http://127.0.0.1/"),
            ("127.0.0.1:8080", "http://localhost:8080/"),
            ("127.0.0.1:8080", "http://[::ffff:127.0.0.1]:8080/"),
            ("127.0.0.1:8080", "http://127.0.0.2:8080/"),
            ("localhost:8080", "http://evil.localhost:8080/"),
        ] {
            assert!(!covers(entry, url), "{entry} {url}");
        }
    }

    #[test]
    fn local_addresses_must_be_listed_as_such() {
        use AddressClass::{
            LinkLocal, Loopback, Multicast, Private, Public, Reserved, Shared, UniqueLocal, Unspecified,
        };
        let cases: [(&str, &[AddressClass]); 6] = [
            ("api.example.org", &[]),
            ("localhost:8080", &[Loopback]),
            ("evil.localhost:8080", &[]),
            ("private:papers.example", &[Loopback, Private, Shared, UniqueLocal]),
            ("10.0.0.1", &[Loopback, LinkLocal, Private, Shared, UniqueLocal]),
            ("[fd00::1]:80", &[Loopback, LinkLocal, Private, Shared, UniqueLocal]),
        ];
        for (entry, admitted) in cases {
            let rule = HostRule::parse(entry).unwrap();
            assert!(rule.admits(Public), "{entry}");
            for class in [
                Loopback,
                LinkLocal,
                Private,
                Shared,
                UniqueLocal,
                Unspecified,
                Multicast,
                Reserved,
            ] {
                assert_eq!(rule.admits(class), admitted.contains(&class), "{entry} {class}");
            }
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in [
            "",
            "private:",
            "https://api.example.org",
            "api.example.org/path",
            "user@api.example.org",
            "*.example.org",
            "api.example.org:",
            "api.example.org:99999",
            "api example.org",
            "api.example.org\n",
            "%61pi.example.org",
            "::1",
            "[fe80::1%eth0]",
        ] {
            assert_eq!(HostRule::parse(bad), Err(HostRuleError::Form), "{bad:?}");
        }
        for bad in ["0.0.0.0:80", "[::]:80", "224.0.0.1", "192.0.2.1", "255.255.255.255"] {
            assert!(matches!(HostRule::parse(bad), Err(HostRuleError::NoHost(_))), "{bad}");
        }
    }

    #[test]
    fn an_address_must_be_written_as_everybody_reads_it() {
        for (written, usual) in [
            ("0177.0.0.1:8080", "127.0.0.1"),
            ("0x7f.0.0.1", "127.0.0.1"),
            ("2130706433:80", "127.0.0.1"),
            ("127.1:8080", "127.0.0.1"),
            ("127.0.0.1.:8080", "127.0.0.1"),
            ("\u{ff11}\u{ff12}\u{ff17}.0.0.1:8080", "127.0.0.1"),
            ("[::ffff:127.0.0.1]:8080", "127.0.0.1"),
            ("[::ffff:7f00:1]", "127.0.0.1"),
            ("[64:ff9b::a00:1]", "10.0.0.1"),
            ("[0:0:0:0:0:0:0:1]:8080", "[::1]"),
            ("0", "0.0.0.0"),
            ("private:8080", "0.0.31.144"),
        ] {
            let error = HostRule::parse(written).unwrap_err();
            assert_eq!(error, HostRuleError::Spelling(usual.to_owned()), "{written}");
        }
        for configured in [
            "http://0177.0.0.1:8080/v1",
            "http://user@127.1/",
            "https://[::ffff:127.0.0.1]/",
        ] {
            let error = HostRule::parse_configured(configured, true).unwrap_err();
            assert_eq!(error, HostRuleError::Spelling("127.0.0.1".to_owned()), "{configured}");
        }
        for good in ["127.0.0.1", "127.0.0.1:80", "[::1]:8080", "[FD00::1]", "8.8.8.8:53"] {
            HostRule::parse(good).unwrap();
        }
    }

    #[test]
    fn an_address_in_the_configuration_stands_for_its_host() {
        let covers = |text: &str, url: &str| {
            HostRule::parse_configured(text, false).is_ok_and(|rule| rule.covers(&Url::parse(url).unwrap()))
        };
        assert!(covers("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/other"));
        assert!(covers("https://export.arxiv.org/api", "https://export.arxiv.org/x"));
        assert!(covers("mirror.example:8080", "https://mirror.example:8080/"));
        assert!(covers("127.0.0.1:8080", "http://127.0.0.1:8080/"));
        assert!(!covers("https://mirror.example", "https://mirror.example:8080/"));
        for bad in ["no host at all", "mailto:someone@mirror.example", "file:///etc/passwd"] {
            assert_eq!(
                HostRule::parse_configured(bad, false),
                Err(HostRuleError::Form),
                "{bad}"
            );
        }
        let private = |text: &str| {
            HostRule::parse_configured(text, true)
                .unwrap()
                .admits(AddressClass::Private)
        };
        assert!(private("https://mirror.example/x") && private("mirror.example"));
    }

    #[test]
    fn an_entry_can_name_a_key() {
        assert_eq!(config_key("$bases"), Some(("bases", false)));
        assert_eq!(config_key("private:$bases"), Some(("bases", true)));
        assert_eq!(config_key("api.example.org"), None);
        assert_eq!(config_key("private:api.example.org"), None);
    }
}
