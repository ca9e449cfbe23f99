use kosmos_core::{plain_path::PlainPath, run_dir::RunDir, run_files};
use tracing::Subscriber;
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::{LogFormat, LogLevel};
use crate::progress::Screen;

use super::late_file::LateFile;
use super::stderr_writer::StderrWriter;
use super::{TelemetryError, stderr_shows_colour};

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Started logging.
#[derive(Debug, Clone)]
pub struct Telemetry {
    file: LateFile,
}

impl Telemetry {
    /// Also logs to the run's own file, `kosmos.log`, from now on: Kosmos's own lines from level `debug`, those of
    /// libraries from `warn`. Appends to an existing file.
    ///
    /// # Errors
    /// When the file cannot be opened, or is a link, a pipe or a device.
    pub fn log_to(&self, run: &RunDir) -> Result<(), TelemetryError> {
        self.file.open(run, &PlainPath::of(run_files::LOG))
    }
}

/// Starts logging for the whole process; to be called once. `RUST_LOG`, if set, overrides `level` on stderr. Log lines
/// do not disturb the bars of `screen`.
///
/// # Errors
/// When `RUST_LOG` is not a filter, or logging has been started already.
pub fn start_logging(format: LogFormat, level: LogLevel, screen: Screen) -> Result<Telemetry, TelemetryError> {
    let rust_log = std::env::var_os("RUST_LOG").map(|text| text.to_string_lossy().into_owned());
    let filter = build_filter(rust_log.as_deref(), level)?;
    let telemetry = Telemetry {
        file: LateFile::default(),
    };
    let colour = stderr_shows_colour();
    let stderr = StderrWriter::new(screen, colour);
    build_subscriber(format, filter, stderr, colour, telemetry.file.clone())
        .try_init()
        .map_err(TelemetryError::Started)?;
    Ok(telemetry)
}

fn build_subscriber<W>(format: LogFormat, filter: EnvFilter, stderr: W, colour: bool, file: LateFile) -> impl Subscriber
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let to_stderr: BoxedLayer = match format {
        LogFormat::Human => layer()
            .with_writer(stderr)
            .with_ansi(colour)
            .with_target(false)
            .with_filter(filter)
            .boxed(),
        LogFormat::Json => layer()
            .json()
            .with_writer(stderr)
            .with_ansi(false)
            .with_filter(filter)
            .boxed(),
    };
    let debug = EnvFilter::new(directives(LogLevel::Debug));
    let to_file: BoxedLayer = match format {
        LogFormat::Human => layer().with_writer(file).with_ansi(false).with_filter(debug).boxed(),
        LogFormat::Json => layer()
            .json()
            .with_writer(file)
            .with_ansi(false)
            .with_filter(debug)
            .boxed(),
    };
    tracing_subscriber::registry().with(vec![to_stderr, to_file])
}

fn build_filter(rust_log: Option<&str>, level: LogLevel) -> Result<EnvFilter, TelemetryError> {
    match rust_log.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => EnvFilter::builder()
            .parse(text)
            .map_err(|source| TelemetryError::Filter {
                text: text.to_owned(),
                source,
            }),
        None => Ok(EnvFilter::new(directives(level))),
    }
}

/// Kosmos's own lines from `level`; those of libraries only from `warn`, since the rest concerns no user.
fn directives(level: LogLevel) -> String {
    format!("{},kosmos={}", level.min(LogLevel::Warn).as_str(), level.as_str())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Kept {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Kept {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    fn log(format: LogFormat, rust_log: Option<&str>, level: LogLevel) -> (String, String) {
        let (stderr, file) = (Kept::default(), LateFile::default());
        let folder = tempfile::tempdir().unwrap();
        let telemetry = Telemetry { file: file.clone() };
        let filter = build_filter(rust_log, level).unwrap();
        let subscriber = build_subscriber(format, filter, stderr.clone(), false, file.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("before the file is known");
            telemetry.log_to(&RunDir::open(folder.path()).unwrap()).unwrap();
            tracing::debug!(run = "r1", "how");
            tracing::info!("what");
            tracing::warn!("odd");
            tracing::debug!(target: "sled", "library detail");
            tracing::warn!(target: "sled", "library warning");
        });
        let path = folder.path().join("kosmos.log");
        (stderr.text(), std::fs::read_to_string(path).unwrap())
    }

    #[test]
    fn no_link_leads_the_log_out_of_the_runs_folder() {
        let (desk, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = elsewhere.path().join("notes");
        std::fs::write(&target, "mine").unwrap();
        std::os::unix::fs::symlink(&target, desk.path().join("kosmos.log")).unwrap();
        let telemetry = Telemetry {
            file: LateFile::default(),
        };
        let error = telemetry.log_to(&RunDir::open(desk.path()).unwrap()).unwrap_err();
        assert!(error.to_string().contains("kosmos.log"), "{error}");
        assert!(error.help().unwrap().contains("remove it"), "{error}");
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
    }

    #[test]
    fn stderr_follows_the_level_and_the_file_has_debug() {
        let (stderr, file) = log(LogFormat::Human, None, LogLevel::Warn);
        assert!(stderr.contains("odd") && stderr.contains("library warning"), "{stderr}");
        assert!(!stderr.contains("what") && !stderr.contains("how"), "{stderr}");
        assert!(file.contains("how") && file.contains("run=\"r1\""), "{file}");
        assert!(
            file.contains("library warning") && !file.contains("library detail"),
            "{file}"
        );
        assert!(!file.contains("before"), "{file}");
    }

    #[test]
    fn rust_log_wins() {
        let (stderr, _) = log(LogFormat::Human, Some("sled=debug"), LogLevel::Trace);
        assert!(stderr.contains("library detail") && !stderr.contains("odd"), "{stderr}");
    }

    #[test]
    fn rust_log_that_is_no_filter_is_refused() {
        assert!(matches!(
            build_filter(Some("kosmos=loud"), LogLevel::Warn),
            Err(TelemetryError::Filter { .. })
        ));
        assert!(build_filter(Some(" "), LogLevel::Warn).is_ok());
    }

    #[test]
    fn json_is_one_object_per_line() {
        let (stderr, file) = log(LogFormat::Json, None, LogLevel::Info);
        for line in stderr.lines().chain(file.lines()) {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(
                object.get("fields").and_then(|fields| fields.get("message")).is_some(),
                "{line}"
            );
        }
        assert!(!file.is_empty());
    }

    #[test]
    fn off_is_off() {
        assert_eq!(log(LogFormat::Human, None, LogLevel::Off).0, "");
    }
}
