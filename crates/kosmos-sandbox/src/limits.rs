//! How much of the machine one job may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::size::{self, ParseSizeError};

/// The limits of one job. Each is enforced; which mechanism does it is said by
/// [`Guarantees`](super::Guarantees).
///
/// Durations are written as `120s` or `2m`, sizes as `2GiB` or as a number of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Time on the clock, from the start of the sandbox to the end of the script.
    #[serde(with = "human_duration")]
    pub wall: Duration,
    /// Processor time of all processes together.
    #[serde(with = "human_duration")]
    pub cpu: Duration,
    /// Memory of all processes together, files in `/tmp` included, swap excluded.
    #[serde(with = "size::human", alias = "memory")]
    pub memory_bytes: u64,
    /// Processes and threads alive at one time.
    pub processes: u64,
    /// Size of any one file that is written.
    #[serde(with = "size::human", alias = "file")]
    pub file_bytes: u64,
    /// Size of everything in the workspace.
    #[serde(with = "size::human", alias = "workspace")]
    pub workspace_bytes: u64,
    /// Number of files and folders in the workspace.
    pub workspace_files: u64,
    /// Size of what is kept of standard output, and separately of standard error.
    ///
    /// What comes after that is read and thrown away; a script that writes
    /// [`Limits::OUTPUT_PATIENCE`] times as much is ended.
    #[serde(with = "size::human", alias = "stdout")]
    pub stdout_bytes: u64,
    /// Size of `/tmp`, which lives in memory.
    #[serde(with = "size::human", alias = "tmp")]
    pub tmp_bytes: u64,
    /// File descriptors open at one time, per process.
    pub open_files: u64,
}

impl Limits {
    /// How many times `stdout_bytes` a stream may carry before its job is ended.
    pub const OUTPUT_PATIENCE: u64 = 16;

    /// Sets the limit called `key` (a field's name, with or without `_bytes`) to `value`.
    ///
    /// # Errors
    /// If there is no such limit, or the value is not of its kind.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), LimitError> {
        match key.strip_suffix("_bytes").unwrap_or(key) {
            "wall" => self.wall = duration(key, value)?,
            "cpu" => self.cpu = duration(key, value)?,
            "memory" => self.memory_bytes = size::parse_size(value)?,
            "processes" => self.processes = count(key, value)?,
            "file" => self.file_bytes = size::parse_size(value)?,
            "workspace" => self.workspace_bytes = size::parse_size(value)?,
            "workspace_files" => self.workspace_files = count(key, value)?,
            "stdout" => self.stdout_bytes = size::parse_size(value)?,
            "tmp" => self.tmp_bytes = size::parse_size(value)?,
            "open_files" => self.open_files = count(key, value)?,
            _ => return Err(LimitError::Unknown(key.to_owned())),
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(120),
            cpu: Duration::from_secs(120),
            memory_bytes: 2 << 30,
            processes: 64,
            file_bytes: 256 << 20,
            workspace_bytes: 512 << 20,
            workspace_files: 10_000,
            stdout_bytes: 1 << 20,
            tmp_bytes: 64 << 20,
            open_files: 256,
        }
    }
}

/// A limit that could not be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// There is no limit of that name.
    #[error(
        "there is no limit called `{0}`; there are wall, cpu, memory, processes, file, workspace, \
         workspace_files, stdout, tmp and open_files"
    )]
    Unknown(String),
    /// The value is not a duration.
    #[error("`{value}` is not a duration for `{key}`; write one such as 90s or 5m")]
    Duration {
        /// The limit.
        key: String,
        /// What was given for it.
        value: String,
    },
    /// The value is not a whole number.
    #[error("`{value}` is not a whole number for `{key}`")]
    Count {
        /// The limit.
        key: String,
        /// What was given for it.
        value: String,
    },
    /// The value is not a size.
    #[error(transparent)]
    Size(#[from] ParseSizeError),
}

fn duration(key: &str, value: &str) -> Result<Duration, LimitError> {
    humantime::parse_duration(value).map_err(|_| LimitError::Duration {
        key: key.to_owned(),
        value: value.to_owned(),
    })
}

fn count(key: &str, value: &str) -> Result<u64, LimitError> {
    value.parse().map_err(|_| LimitError::Count {
        key: key.to_owned(),
        value: value.to_owned(),
    })
}

mod human_duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&humantime::format_duration(*value))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        humantime::parse_duration(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_survive_json() {
        let limits = Limits::default();
        let text = serde_json::to_string(&limits).unwrap();
        assert!(text.contains(r#""wall":"2m""#) && text.contains(r#""2GiB""#), "{text}");
        assert_eq!(serde_json::from_str::<Limits>(&text).unwrap(), limits);
    }

    #[test]
    fn what_is_not_said_is_the_default() {
        let limits: Limits = serde_json::from_str(r#"{"memory": "1G", "wall": "8s"}"#).unwrap();
        assert_eq!(limits.memory_bytes, 1 << 30);
        assert_eq!(limits.wall, Duration::from_secs(8));
        assert_eq!(limits.processes, Limits::default().processes);
        assert!(serde_json::from_str::<Limits>(r#"{"walls": "8s"}"#).is_err());
    }

    #[test]
    fn a_limit_is_set_by_name() {
        let mut limits = Limits::default();
        limits.set("wall", "8s").unwrap();
        limits.set("memory_bytes", "64M").unwrap();
        limits.set("processes", "7").unwrap();
        assert_eq!(limits.wall, Duration::from_secs(8));
        assert_eq!(limits.memory_bytes, 64 << 20);
        assert_eq!(limits.processes, 7);
        assert!(matches!(limits.set("speed", "1"), Err(LimitError::Unknown(_))));
        assert!(limits.set("wall", "soon").is_err());
    }
}
