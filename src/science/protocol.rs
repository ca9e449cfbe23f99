//! The protocol of an experiment, fixed before it runs.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use kosmos_core::{
    hash::sha256_file,
    id::InvalidText,
    plain_path::PlainPath,
    run_dir::RunDir,
    run_files::{EXPERIMENT_BYTES, EXPERIMENTS},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Arm, HypothesisId};

/// The template that a script is made from: a kind of hypothesis, or one of [`template`].
pub type Template = String;

/// Templates that serve no hypothesis.
pub mod template {
    /// Reads the raw file, writes the canonical table and its profile.
    pub const PROFILE: &str = "profile";
    /// Runs what an agent that is a folder asks for.
    pub const AGENT: &str = "agent";
    /// Draws the figures of the findings.
    pub const FIGURES: &str = "figures";
}

/// Where a file is that an experiment reads. There are no other places: a text that names one is not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PathBuf", into = "PathBuf")]
pub enum InputPlace {
    /// In the folder of an experiment, by its path below the run's folder.
    InRun(PlainPath),
    /// A table of the user, by its absolute path.
    Outside(PathBuf),
}

impl TryFrom<PathBuf> for InputPlace {
    type Error = InvalidText;

    fn try_from(path: PathBuf) -> Result<Self, InvalidText> {
        if path.is_absolute() {
            return Ok(Self::Outside(path));
        }
        let inside = path.to_str().and_then(|text| text.parse::<PlainPath>().ok());
        let in_experiment =
            |inside: &PlainPath| inside.names().next() == Some(EXPERIMENTS) && inside.names().count() >= 3;
        inside.filter(in_experiment).map(Self::InRun).ok_or_else(|| {
            InvalidText::new(
                &path.to_string_lossy(),
                "the place of an input",
                "an absolute path, or one in the folder of an experiment",
            )
        })
    }
}

impl From<InputPlace> for PathBuf {
    fn from(place: InputPlace) -> Self {
        match place {
            InputPlace::InRun(inside) => inside.as_path().to_owned(),
            InputPlace::Outside(path) => path,
        }
    }
}

/// A file that an experiment may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Input")]
pub struct InputFile {
    /// Where it is: relative to the run's folder, or absolute for the user's own data.
    #[schemars(with = "PathBuf")]
    pub host: InputPlace,
    /// Where the script sees it, relative to the run's folder.
    pub inside: PlainPath,
    /// A description of its content.
    pub sha256: String,
}

impl InputFile {
    /// Checks that it is a regular file with the content that the protocol names. Returns a predicate of the file if it
    /// is not.
    pub fn find_problem(&self, run: &RunDir) -> Option<&'static str> {
        let found = match &self.host {
            InputPlace::Outside(path) if !path.is_file() => return Some("is missing, or is not a regular file"),
            InputPlace::Outside(path) => sha256_file(path),
            InputPlace::InRun(inside) => run.hash(inside, EXPERIMENT_BYTES).map(|hash| hash.to_string()),
        };
        match found {
            Ok(sha256) if sha256 == self.sha256 => None,
            Ok(_) => Some("has changed since the run began"),
            Err(error) => Some(describe_unreadable(&error)),
        }
    }

    /// Its place in the run's folder, if it is in the folder of an experiment.
    pub fn path_in_run(&self) -> Option<&PlainPath> {
        match &self.host {
            InputPlace::InRun(inside) => Some(inside),
            InputPlace::Outside(_) => None,
        }
    }

    /// Its path, where the run's folder is at `run`.
    pub fn path_from(&self, run: &Path) -> PathBuf {
        match &self.host {
            InputPlace::InRun(inside) => run.join(inside.as_path()),
            InputPlace::Outside(path) => path.clone(),
        }
    }
}

fn describe_unreadable(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::NotADirectory => "is a link or reached through one, or no regular file",
        ErrorKind::FileTooLarge => "is too large",
        _ => "cannot be read",
    }
}

/// The protocol of an experiment: `protocol.json` of its folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Protocol {
    /// The script's template.
    pub template: Template,
    /// One line for people.
    pub title: String,
    /// The table.
    pub dataset: String,
    /// The data as given, or shuffled.
    pub arm: Arm,
    /// The cycle that asked for it; 0 is the profile.
    pub cycle: u32,
    /// 1 for the first script, one more for each repair.
    pub attempt: u32,
    /// The hypotheses it tests.
    pub hypotheses: Vec<HypothesisId>,
    /// The files it reads.
    pub inputs: Vec<InputFile>,
    /// The parameters that the script receives as `PROTOCOL`.
    pub parameters: serde_json::Value,
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::science::sha256_hex;

    #[test]
    fn an_input_is_the_file_that_the_protocol_means() {
        let run = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let path = |name: &str| run.path().join(name);
        fs::create_dir_all(path("experiments/e-1")).unwrap();
        for file in [
            path("experiments/e-1/t"),
            path("journal.jsonl"),
            elsewhere.path().join("t"),
        ] {
            fs::write(file, "a").unwrap();
        }
        std::os::unix::fs::symlink(elsewhere.path(), path("experiments/e-2")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path("experiments/e-1/zero")).unwrap();
        let problem = |host: &str, content: &str| {
            let input = InputFile {
                host: PathBuf::from(host).try_into().unwrap(),
                inside: PlainPath::of("data/t"),
                sha256: sha256_hex(content.as_bytes()),
            };
            input.find_problem(&RunDir::open(run.path()).unwrap())
        };
        let own = elsewhere.path().join("t").to_str().unwrap().to_owned();
        assert_eq!(problem("experiments/e-1/t", "a"), None);
        assert_eq!(problem(&own, "a"), None);
        assert!(problem("experiments/e-1/t", "b").unwrap().contains("changed"));
        assert!(problem(&own, "b").unwrap().contains("changed"));
        for link in ["experiments/e-2/t", "experiments/e-1/zero"] {
            assert!(problem(link, "a").unwrap().contains("is a link"), "{link}");
        }
        assert_eq!(problem("experiments/e-1/none", "a"), Some("cannot be read"));
        assert!(problem("/dev/zero", "a").unwrap().contains("regular file"));
    }

    #[test]
    fn an_input_is_in_the_folder_of_an_experiment_or_has_an_absolute_path() {
        let parse = |host: &str| {
            let text = serde_json::json!({"host": host, "inside": "data/t", "sha256": ""});
            serde_json::from_value::<InputFile>(text)
        };
        for place in ["/data/t.csv", "experiments/e-1/t", "experiments/e-1/figures/t.png"] {
            let input = parse(place).unwrap();
            assert_eq!(serde_json::to_value(&input).unwrap()["host"], place);
            assert_eq!(input.path_in_run().is_some(), !place.starts_with('/'));
        }
        for outside in [
            "journal.jsonl",
            "experiments/t",
            "../t",
            "experiments/../journal.jsonl",
            "experiments/e-1/../../t",
            "experiments/e-1/t\n",
            "",
        ] {
            let error = parse(outside).unwrap_err().to_string();
            assert!(error.contains("in the folder of an experiment"), "{outside}: {error}");
        }
        for inside in ["../t", "/t", "data/..", ""] {
            let text = serde_json::json!({"host": "/data/t.csv", "inside": inside, "sha256": ""});
            assert!(serde_json::from_value::<InputFile>(text).is_err(), "{inside}");
        }
    }
}
