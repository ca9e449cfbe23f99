//! How much of the machine one job may use.

use std::time::Duration;

use kosmos_core::text::{ByteSize, HumanDuration};
use serde::{Deserialize, Serialize};

use super::{duration_text, size_text};

/// The limits of one job. Each is enforced; [`Guarantees`](super::Guarantees) says by which mechanism.
///
/// As text, durations are written as `120s` or `2m`, sizes as `2GiB` or `500MB`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResourceLimits {
    /// Wall-clock time, from the start of the sandbox to the end of the script.
    #[serde(with = "duration_text")]
    pub wall: Duration,
    /// Processor time of all processes together.
    #[serde(with = "duration_text")]
    pub cpu: Duration,
    /// Memory of all processes together in bytes, files in the workspace and in `/tmp` included, swap excluded.
    #[serde(with = "size_text", alias = "memory")]
    pub memory_bytes: u64,
    /// Processes and threads alive at one time.
    pub processes: u64,
    /// Size of the largest file that may be written, in bytes.
    #[serde(with = "size_text", alias = "file")]
    pub file_bytes: u64,
    /// Size of everything in the workspace, in bytes.
    #[serde(with = "size_text", alias = "workspace")]
    pub workspace_bytes: u64,
    /// Number of files and folders in the workspace.
    pub workspace_files: u64,
    /// How many bytes of standard output are kept, and separately of standard error.
    ///
    /// The rest is read and discarded; a script that writes [`ResourceLimits::OUTPUT_PATIENCE`] times as much is ended.
    #[serde(with = "size_text", alias = "stdout")]
    pub stdout_bytes: u64,
    /// Size of `/tmp`, which is in memory, in bytes.
    #[serde(with = "size_text", alias = "tmp")]
    pub tmp_bytes: u64,
    /// File descriptors open at one time, per process.
    pub open_files: u64,
}

impl ResourceLimits {
    /// How many times `stdout_bytes` a stream may carry before its job is ended.
    pub const OUTPUT_PATIENCE: u64 = 16;

    /// Sets the limit called `key` (a field's name, with or without `_bytes`) to `value`.
    ///
    /// # Errors
    /// If there is no such limit, or the value is not of its kind.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), LimitError> {
        match key.strip_suffix("_bytes").unwrap_or(key) {
            "wall" => self.wall = parse_duration(key, value)?,
            "cpu" => self.cpu = parse_duration(key, value)?,
            "memory" => self.memory_bytes = parse_bytes(key, value)?,
            "processes" => self.processes = parse_count(key, value)?,
            "file" => self.file_bytes = parse_bytes(key, value)?,
            "workspace" => self.workspace_bytes = parse_bytes(key, value)?,
            "workspace_files" => self.workspace_files = parse_count(key, value)?,
            "stdout" => self.stdout_bytes = parse_bytes(key, value)?,
            "tmp" => self.tmp_bytes = parse_bytes(key, value)?,
            "open_files" => self.open_files = parse_count(key, value)?,
            _ => return Err(LimitError::Unknown(key.to_owned())),
        }
        Ok(())
    }
}

impl Default for ResourceLimits {
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
    #[error("there is no limit called `{0}`")]
    Unknown(String),
    /// The value is not a duration.
    #[error("`{value}` is not a duration for the limit `{key}`")]
    Duration {
        /// The limit.
        key: String,
        /// The refused value.
        value: String,
    },
    /// The value is not a whole number.
    #[error("`{value}` is not a whole number for the limit `{key}`")]
    Count {
        /// The limit.
        key: String,
        /// The refused value.
        value: String,
    },
    /// The value is not a size, or its unit can be read in two ways.
    #[error("`{value}` is not a size for the limit `{key}`")]
    Size {
        /// The limit.
        key: String,
        /// The refused value.
        value: String,
    },
}

impl LimitError {
    /// Says what to write instead.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Unknown(_) => "the limits are wall, cpu, memory, processes, file, workspace, workspace_files, \
                                 stdout, tmp and open_files"
                .to_owned(),
            Self::Duration { .. } => "write a number and a unit, such as 90s or 5m".to_owned(),
            Self::Count { .. } => "write a whole number, such as 64".to_owned(),
            Self::Size { value, .. } => suggest_size(value),
        }
    }
}

/// Names the unambiguous spellings of a size without a unit or with a unit such as `M`.
fn suggest_size(value: &str) -> String {
    let value = value.trim();
    let digits = value.trim_end_matches(|c: char| !c.is_ascii_digit());
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let unit = value.get(digits.len()..).unwrap_or_default().trim_start();
    match (is_number, unit.to_ascii_uppercase().as_str()) {
        (true, "") => format!("write {digits}B for bytes, or a unit such as {digits}MiB"),
        (true, "K") => format!("write {digits}KiB (units of 1024 bytes) or {digits}kB (units of 1000 bytes)"),
        (true, unit @ ("M" | "G" | "T")) => {
            format!("write {digits}{unit}iB (a power of 1024) or {digits}{unit}B (a power of 1000)")
        }
        _ => "write a whole number and a unit, such as 512MiB, 2GiB or 500MB".to_owned(),
    }
}

fn parse_bytes(key: &str, value: &str) -> Result<u64, LimitError> {
    value.parse().map(ByteSize::get).map_err(|_| LimitError::Size {
        key: key.to_owned(),
        value: value.to_owned(),
    })
}

fn parse_duration(key: &str, value: &str) -> Result<Duration, LimitError> {
    value.parse().map(HumanDuration::get).map_err(|_| LimitError::Duration {
        key: key.to_owned(),
        value: value.to_owned(),
    })
}

fn parse_count(key: &str, value: &str) -> Result<u64, LimitError> {
    value.parse().map_err(|_| LimitError::Count {
        key: key.to_owned(),
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_survive_json() {
        let limits = ResourceLimits::default();
        let text = serde_json::to_string(&limits).unwrap();
        assert!(text.contains(r#""wall":"2m""#) && text.contains(r#""2GiB""#), "{text}");
        assert_eq!(serde_json::from_str::<ResourceLimits>(&text).unwrap(), limits);
    }

    #[test]
    fn missing_limits_get_their_defaults() {
        let limits: ResourceLimits = serde_json::from_str(r#"{"memory": "1GiB", "wall": "8s"}"#).unwrap();
        assert_eq!(limits.memory_bytes, 1 << 30);
        assert_eq!(limits.wall, Duration::from_secs(8));
        assert_eq!(limits.processes, ResourceLimits::default().processes);
        assert!(serde_json::from_str::<ResourceLimits>(r#"{"walls": "8s"}"#).is_err());
    }

    #[test]
    fn a_limit_is_set_by_name() {
        let mut limits = ResourceLimits::default();
        limits.set("wall", "8s").unwrap();
        limits.set("memory_bytes", "64MiB").unwrap();
        limits.set("tmp", "1MB").unwrap();
        limits.set("processes", "7").unwrap();
        assert_eq!(limits.wall, Duration::from_secs(8));
        assert_eq!((limits.memory_bytes, limits.tmp_bytes), (64 << 20, 1_000_000));
        assert_eq!(limits.processes, 7);
        assert!(matches!(limits.set("speed", "1"), Err(LimitError::Unknown(_))));
        assert!(limits.set("wall", "soon").is_err());
    }

    #[test]
    fn ambiguous_sizes_are_refused_with_their_spellings() {
        for (value, help) in [
            ("512M", "write 512MiB (a power of 1024) or 512MB (a power of 1000)"),
            (" 2g ", "write 2GiB (a power of 1024) or 2GB (a power of 1000)"),
            ("64k", "write 64KiB (units of 1024 bytes) or 64kB (units of 1000 bytes)"),
            ("1048576", "write 1048576B for bytes, or a unit such as 1048576MiB"),
            ("much", "write a whole number and a unit, such as 512MiB, 2GiB or 500MB"),
            ("1.5M", "write a whole number and a unit, such as 512MiB, 2GiB or 500MB"),
        ] {
            let error = ResourceLimits::default().set("memory", value).unwrap_err();
            assert!(matches!(error, LimitError::Size { .. }), "{error}");
            assert_eq!(error.help(), help);
        }
    }
}
