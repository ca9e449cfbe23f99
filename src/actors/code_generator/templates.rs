//! The script templates: files under `agents/code_generator/`, listed in its `agent.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::shipped::AGENTS;

/// A fault of the templates.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The list.
    #[error("agents/code_generator/agent.toml cannot be read: {0}")]
    Manifest(#[from] toml::de::Error),
    /// A file that the list names.
    #[error("agents/code_generator/agent.toml names `{file}`, which is not there")]
    Missing {
        #[allow(missing_docs)]
        file: String,
    },
    /// A kind without a template.
    #[error("there is no script template for `{kind}`: add one to agents/code_generator/agent.toml")]
    Unknown {
        #[allow(missing_docs)]
        kind: String,
    },
}

#[derive(Deserialize)]
struct Manifest {
    template: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    kind: String,
    file: String,
    #[serde(default)]
    lib: Vec<String>,
}

/// Every template with the parts that it needs, by kind.
#[derive(Debug)]
pub struct Templates {
    parts: BTreeMap<String, Vec<String>>,
}

impl Templates {
    /// The templates that Kosmos ships.
    ///
    /// # Errors
    /// When the list and the files do not fit.
    pub fn shipped() -> Result<Self, TemplateError> {
        let text = |file: &str| {
            AGENTS
                .get_file(format!("code_generator/{file}"))
                .and_then(|file| file.contents_utf8())
                .ok_or_else(|| TemplateError::Missing { file: file.to_owned() })
        };
        let manifest: Manifest = toml::from_str(text("agent.toml")?)?;
        let mut parts = BTreeMap::new();
        for entry in manifest.template {
            let files = entry.lib.iter().chain([&entry.file]);
            let texts: Result<Vec<String>, TemplateError> = files.map(|file| text(file).map(str::to_owned)).collect();
            parts.insert(entry.kind, texts?);
        }
        Ok(Self { parts })
    }

    /// The texts that make up a script of that kind, in order.
    ///
    /// # Errors
    /// When there is no such template.
    pub fn parts(&self, kind: &str) -> Result<&[String], TemplateError> {
        self.parts
            .get(kind)
            .map(Vec::as_slice)
            .ok_or_else(|| TemplateError::Unknown { kind: kind.to_owned() })
    }

    /// The kinds that there are templates for.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.parts.keys().map(String::as_str)
    }
}
