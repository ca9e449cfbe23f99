//! The requests of an agent beyond messages, in words.

use serde_json::Value;

use super::{AgentKind, Manifest, network::config_key};

impl Manifest {
    /// The agent's requests beyond receiving events and sending messages, each as an infinitive. `config` is its
    /// configuration, if it is known: it says which files and hosts its settings name.
    ///
    /// An agent that is not shipped takes part with these only if the user has granted them.
    pub fn list_requests(&self, config: Option<&Value>) -> Vec<String> {
        let permissions = &self.permissions;
        let mut asked = Vec::new();
        if self.is_built_in_name() {
            asked.push(format!("to take the place of the built-in agent `{}`", self.name));
        }
        if permissions.sandbox {
            asked.push("to run scripts on the run's tables, in the sandbox".to_owned());
        }
        if self.kind == AgentKind::Llm || permissions.model {
            asked.push("to ask the run's language model".to_owned());
        }
        if permissions.graph {
            asked.push("to query the knowledge graph".to_owned());
        }
        if permissions.veto {
            asked.push("to veto findings".to_owned());
        }
        for key in &permissions.files {
            let path = config.and_then(|config| config.get(key)).and_then(Value::as_str);
            asked.push(match path.or_else(|| self.default_text(key)) {
                Some(path) => format!("to read {path} (its setting `{key}`)"),
                None => format!("to read the file or folder that its setting `{key}` names"),
            });
        }
        for host in &permissions.network {
            asked.push(match config_key(host) {
                None => format!("to fetch from {host}"),
                Some((key, private)) => {
                    let told = match self.hosts_in_setting(key, config) {
                        hosts if hosts.is_empty() => format!("to fetch from the hosts that its setting `{key}` names"),
                        hosts => format!("to fetch from {} (its setting `{key}`)", hosts.join(", ")),
                    };
                    match private {
                        true => format!("{told}, also at private addresses"),
                        false => told,
                    }
                }
            });
        }
        asked
    }

    /// The permissions in single words, and what they reach, for one line.
    pub fn describe_permissions(&self, config: Option<&Value>) -> String {
        let permissions = &self.permissions;
        let mut words = Vec::new();
        let flags = [
            (self.is_built_in_name(), "replaces a built-in agent"),
            (permissions.sandbox, "sandbox"),
            (self.kind == AgentKind::Llm || permissions.model, "model"),
            (permissions.graph, "graph"),
            (permissions.veto, "veto"),
        ];
        words.extend(flags.iter().filter(|(may, _)| *may).map(|(_, word)| (*word).to_owned()));
        for key in &permissions.files {
            let path = config.and_then(|config| config.get(key)).and_then(Value::as_str);
            words.push(match path {
                Some(path) => format!("files ({key} = {path})"),
                None => format!("files ({key} is not set)"),
            });
        }
        if !permissions.network.is_empty() {
            words.push(format!("network ({})", permissions.network.join(", ")));
        }
        match words.is_empty() {
            true => "messages only".to_owned(),
            false => words.join(", "),
        }
    }

    fn property(&self, key: &str) -> Option<&Value> {
        self.config.as_ref()?.get("properties")?.get(key)
    }

    fn default_text(&self, key: &str) -> Option<&str> {
        self.property(key)?.get("default")?.as_str()
    }

    fn hosts_in_setting(&self, key: &str, config: Option<&Value>) -> Vec<String> {
        let named = config.and_then(|config| config.get(key));
        let named = named.or_else(|| self.property(key)?.get("default"));
        match named {
            Some(Value::String(host)) => vec![host.clone()],
            Some(Value::Array(hosts)) => hosts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(more: &str) -> Manifest {
        let text = format!(
            "name = \"counter\"\nversion = \"1\"\ndescription = \"Counts.\"\nkind = \"process\"\ncommand = [\"x\"]\n\
             subscribes = [\"run_started\"]\npublishes = [\"remark\"]\n{more}"
        );
        Manifest::parse(&text, "counter", "here").unwrap()
    }

    #[test]
    fn messages_alone_ask_for_nothing() {
        let plain = manifest("");
        assert!(plain.list_requests(None).is_empty());
        assert_eq!(plain.describe_permissions(None), "messages only");
    }

    #[test]
    fn each_permission_is_said_with_what_it_reaches() {
        let all = manifest(
            "[permissions]\nsandbox = true\nmodel = true\ngraph = true\nveto = true\nfiles = [\"folder\"]\n\
             network = [\"example.org:80\", \"$sources\", \"private:$sources\"]\n[config.properties.folder]\ntype = \"string\"\ndefault = \"/home\"\n\
             [config.properties.sources]\ntype = \"array\"\ndefault = [\"arxiv.org\"]\n",
        );
        assert_eq!(
            all.list_requests(None),
            [
                "to run scripts on the run's tables, in the sandbox",
                "to ask the run's language model",
                "to query the knowledge graph",
                "to veto findings",
                "to read /home (its setting `folder`)",
                "to fetch from example.org:80",
                "to fetch from arxiv.org (its setting `sources`)",
                "to fetch from arxiv.org (its setting `sources`), also at private addresses",
            ]
        );
        let set = json!({ "folder": "/data", "sources": ["a.org", "b.org"] });
        let asked = all.list_requests(Some(&set));
        assert!(
            asked.contains(&"to read /data (its setting `folder`)".to_owned()),
            "{asked:?}"
        );
        assert!(
            asked.contains(&"to fetch from a.org, b.org (its setting `sources`)".to_owned()),
            "{asked:?}"
        );
        assert_eq!(
            all.describe_permissions(Some(&set)),
            "sandbox, model, graph, veto, files (folder = /data), network (example.org:80, $sources, private:$sources)"
        );
    }
}
