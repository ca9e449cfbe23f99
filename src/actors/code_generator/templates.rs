//! The script templates: folders under `agents/code_generator/templates/`, listed in its `agent.toml`.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;

use crate::policy::{Rule, RuleError, Rules};
use crate::science::template;
use crate::shipped::AGENTS;

/// A fault of the templates. Files are named by their paths in `agents/code_generator/`.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A file that is not what it should be.
    #[error("agents/code_generator/{file} cannot be read: {source}")]
    Unreadable {
        /// The path of the file.
        file: String,
        /// The underlying error.
        source: toml::de::Error,
    },
    /// A file that another one names.
    #[error("agents/code_generator/{named_by} names `{file}`, which is not there")]
    Missing {
        /// The path of the file.
        file: String,
        /// The file that names it.
        named_by: String,
    },
    /// A name that is listed again.
    #[error("agents/code_generator/agent.toml lists `{kind}` twice")]
    Twice {
        /// The kind of the template.
        kind: String,
    },
    /// A rule that can propose nothing, or not what it says.
    #[error("[proposed] in agents/code_generator/{file}: {source}")]
    Rule {
        /// The path of the file.
        file: String,
        /// The underlying error.
        source: RuleError,
    },
    /// A kind without a template.
    #[error(
        "there is no script template for `{kind}`: add its folder to agents/code_generator/templates and its line to agent.toml"
    )]
    Unknown {
        /// The kind of the template.
        kind: String,
    },
}

/// The part of `agent.toml` that lists templates.
#[derive(Deserialize)]
struct Manifest {
    templates: Vec<String>,
}

/// A family's `template.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    summary: String,
    /// Parts of `reader/`, without their endings, in the order in which the script holds them, before those of `lib/`.
    #[serde(default)]
    reader: Vec<String>,
    /// Parts of `lib/`, likewise.
    #[serde(default)]
    lib: Vec<String>,
    #[serde(default)]
    proposed: Option<Rule>,
}

/// A template with the parts that it needs.
#[derive(Debug)]
struct Template {
    summary: String,
    parts: Vec<String>,
}

/// Every template, by kind, and the rules by which some are proposed.
#[derive(Debug)]
pub struct Templates {
    templates: BTreeMap<String, Template>,
    rules: Arc<Rules>,
}

impl Templates {
    /// The templates that Kosmos ships.
    ///
    /// # Errors
    /// When the list and the files do not fit, or one of them is faulty.
    pub fn load_shipped() -> Result<Self, TemplateError> {
        Self::read_folder(|file| {
            let path = format!("code_generator/{file}");
            AGENTS.get_file(path).and_then(|file| file.contents_utf8())
        })
    }

    /// The templates of a folder whose files `text` reads.
    fn read_folder<'t>(text: impl Fn(&str) -> Option<&'t str>) -> Result<Self, TemplateError> {
        let named = |file: String, named_by: &str| match text(&file) {
            Some(text) => Ok(text),
            None => Err(TemplateError::Missing {
                file,
                named_by: named_by.to_owned(),
            }),
        };
        let manifest: Manifest = parse_toml(LIST, named(LIST.to_owned(), LIST)?)?;
        let mut templates = BTreeMap::new();
        let mut rules = Vec::new();
        for kind in &manifest.templates {
            let file = format!("templates/{kind}/template.toml");
            let family: Family = parse_toml(&file, named(file.clone(), LIST)?)?;
            let mut parts = Vec::new();
            for (folder, listed) in [("reader", &family.reader), ("lib", &family.lib)] {
                for part in listed {
                    parts.push(named(format!("{folder}/{part}.py"), &file)?.to_owned());
                }
            }
            parts.push(named(format!("templates/{kind}/script.py"), LIST)?.to_owned());
            let template = Template {
                summary: family.summary,
                parts,
            };
            if templates.insert(kind.clone(), template).is_some() {
                return Err(TemplateError::Twice { kind: kind.clone() });
            }
            rules.extend(family.proposed.map(|rule| (kind.clone(), rule)));
        }
        let is_test =
            |kind: &str| ![template::PROFILE, template::FIGURES].contains(&kind) && templates.contains_key(kind);
        for (kind, rule) in &rules {
            rule.check(is_test).map_err(|source| TemplateError::Rule {
                file: format!("templates/{kind}/template.toml"),
                source,
            })?;
        }
        Ok(Self {
            templates,
            rules: Arc::new(rules.into_iter().collect()),
        })
    }

    /// The texts that make up a script of that kind, in order.
    ///
    /// # Errors
    /// When there is no such template.
    pub fn script_parts(&self, kind: &str) -> Result<&[String], TemplateError> {
        self.templates
            .get(kind)
            .map(|template| template.parts.as_slice())
            .ok_or_else(|| TemplateError::Unknown { kind: kind.to_owned() })
    }

    /// The kinds that there are templates for, with what each is for in a sentence.
    pub fn template_kinds(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.templates.iter();
        all.map(|(kind, template)| (kind.as_str(), template.summary.as_str()))
    }

    /// The rules of the families that have one.
    pub fn family_rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules)
    }
}

/// Where the families are listed.
const LIST: &str = "agent.toml";

fn parse_toml<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, TemplateError> {
    toml::from_str(text).map_err(|source| TemplateError::Unreadable {
        file: file.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_folder_is_registered_and_every_name_has_its_folder() {
        let shipped = Templates::load_shipped().unwrap();
        let registered: BTreeSet<&str> = shipped.template_kinds().map(|(kind, _)| kind).collect();
        let folders: BTreeSet<&str> = AGENTS
            .get_dir("code_generator/templates")
            .unwrap()
            .dirs()
            .filter_map(|folder| folder.path().file_name()?.to_str())
            .filter(|name| !name.starts_with(['.', '_']))
            .collect();
        assert_eq!(registered, folders);
        assert!(shipped.template_kinds().all(|(_, summary)| !summary.is_empty()));
    }

    const RULE: &str = "summary = 's'\n[proposed]\nfollows = ['a']\nx = ['numeric']\ny = ['numeric']\nstatement = '{x}'\nrationale = 'r'";

    /// The templates `a` and `b`, and the profile, with some files changed; an empty text takes a file away.
    fn read(changes: &[(&str, &'static str)]) -> Result<Templates, String> {
        let mut files = BTreeMap::from([
            ("agent.toml", "name = 'c'\ntemplates = ['profile', 'a', 'b']"),
            ("lib/one.py", "1"),
            ("reader/two.py", "2"),
            (
                "templates/a/template.toml",
                "summary = 's'\nlib = ['one']\nreader = ['two']",
            ),
            ("templates/a/script.py", "a"),
            ("templates/b/template.toml", RULE),
            ("templates/b/script.py", "b"),
            ("templates/profile/template.toml", "summary = 's'"),
            ("templates/profile/script.py", "p"),
        ]);
        files.extend(changes.iter().copied());
        let text = |file: &str| files.get(file).copied().filter(|text| !text.is_empty());
        Templates::read_folder(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_folder_is_a_family() {
        let templates = read(&[]).unwrap();
        assert_eq!(templates.script_parts("a").unwrap(), ["2", "1", "a"]);
        let rules = templates.family_rules();
        let ruled: Vec<&str> = rules.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(ruled, ["b"]);
        assert!(templates.script_parts("c").unwrap_err().to_string().contains("`c`"));
    }

    #[test]
    fn faults_name_the_file() {
        for (file, text, told) in [
            ("agent.toml", "templates = 1", &["agent.toml cannot be read"][..]),
            (
                "agent.toml",
                "templates = ['a', 'c']",
                &["agent.toml names `templates/c/template.toml`"],
            ),
            (
                "agent.toml",
                "templates = ['a', 'b', 'a']",
                &["agent.toml lists `a` twice"],
            ),
            (
                "templates/a/template.toml",
                "",
                &["agent.toml names `templates/a/template.toml`"],
            ),
            (
                "templates/a/script.py",
                "",
                &["agent.toml names `templates/a/script.py`"],
            ),
            ("lib/one.py", "", &["templates/a/template.toml names `lib/one.py`"]),
            (
                "reader/two.py",
                "",
                &["templates/a/template.toml names `reader/two.py`"],
            ),
            (
                "templates/a/template.toml",
                "sumary = 's'",
                &["templates/a/template.toml cannot be read", "sumary"],
            ),
            (
                "templates/b/template.toml",
                "summary = 's'\n[proposed]\nfollows = ['a']\nx = ['number']\ny = ['numeric']\nstatement = ''\nrationale = ''",
                &["templates/b/template.toml cannot be read", "number", "numeric"],
            ),
            (
                "templates/b/template.toml",
                "summary = 's'\n[proposed]\nfollows = ['z']\nx = ['text']\ny = ['text']\nstatement = ''\nrationale = ''",
                &["templates/b/template.toml", "`z`"],
            ),
            (
                "templates/b/template.toml",
                "summary = 's'\n[proposed]\nfollows = ['profile']\nx = ['text']\ny = ['text']\nstatement = ''\nrationale = ''",
                &["templates/b/template.toml", "`profile`"],
            ),
        ] {
            let error = read(&[(file, text)]).unwrap_err();
            assert!(told.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
