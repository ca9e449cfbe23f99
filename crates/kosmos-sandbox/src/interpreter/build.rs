//! Builds a Python environment.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    process::{Command, Stdio},
    thread,
};

use kosmos_core::files::let_others_read;

use super::{
    EnvironmentProgress, InterpreterError,
    cache::CachePlace,
    host::HostPython,
    lock::{count_names, parse_lock},
    manifest, pip,
};
use crate::environment::{fetching_environment, helper_environment};

/// The folder of the environment with matplotlib's list of fonts; looking for fonts takes a third of a second.
pub const FONTS: &str = "matplotlib";

/// Builds the environment at `place`, which is locked. After an error, the unfinished part is removed.
pub fn build_environment(
    host: &HostPython,
    place: &CachePlace,
    lock: &str,
    progress: &dyn Fn(EnvironmentProgress),
) -> Result<(), InterpreterError> {
    let result = build_in_place(host, place, lock, progress);
    if result.is_err() {
        // Leftovers are removed when the next one is built.
        let _ = fs::remove_dir_all(&place.building);
    }
    result
}

fn build_in_place(
    host: &HostPython,
    place: &CachePlace,
    lock: &str,
    progress: &dyn Fn(EnvironmentProgress),
) -> Result<(), InterpreterError> {
    let building = &place.building;
    let on_disk = |source: io::Error| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => InterpreterError::DiskFull(place.folder.clone()),
        _ => InterpreterError::CacheNotWritable {
            path: building.clone(),
            source,
        },
    };
    progress(EnvironmentProgress::Creating {
        path: place.folder.clone(),
    });
    let mut venv = helper(&host.executable);
    venv.args(["-I", "-m", "venv"]).arg(building);
    run_to_end(&mut venv, |_| ()).map_err(|failed| failed.into_error(host, place))?;

    let listed = building.join("requirements.lock");
    fs::write(&listed, lock).map_err(on_disk)?;
    let python = building.join("bin/python");
    let mut install = Command::new(&python);
    install
        .env_clear()
        .envs(fetching_environment())
        .args(["-I", "-m", "pip", "install", "--no-input"])
        .args(["--disable-pip-version-check", "--progress-bar", "off"])
        .args(["--require-hashes", "--only-binary", ":all:", "--no-deps"])
        .args(["--no-compile", "--no-warn-script-location", "-r"])
        .arg(&listed);
    let mut follower = pip::PipFollower::new(count_names(&parse_lock(lock)));
    run_to_end(&mut install, |line| {
        if let Some(step) = follower.follow(line) {
            progress(step);
        }
    })
    .map_err(|failed| failed.into_error(host, place))?;

    progress(EnvironmentProgress::Compiling);
    let mut compile = helper(&python);
    compile
        .args(["-I", "-m", "compileall", "-q", "-j", "0"])
        // So that tracebacks name the final paths of the files.
        .arg("-s")
        .arg(building)
        .arg("-p")
        .arg(&place.folder)
        .arg(building.join("lib"));
    // Some packages contain files that are not meant to compile, so a failure is ignored.
    match run_to_end(&mut compile, |_| ()) {
        Ok(()) | Err(Failed::Ended { .. }) => {}
        Err(failed) => return Err(failed.into_error(host, place)),
    }
    let mut fonts = helper(&python);
    fonts
        .args(["-I", "-c", "import matplotlib.font_manager"])
        .env("MPLCONFIGDIR", building.join(FONTS))
        // Without the user's own fonts, which no script can read.
        .env("HOME", building);
    // Also the first test that the packages work here.
    run_to_end(&mut fonts, |_| ()).map_err(|failed| failed.into_error(host, place))?;
    // Whatever the mask of file modes: under root the sandbox runs as another user.
    let_others_read(building).map_err(on_disk)?;
    manifest::record_files(place).map_err(on_disk)?;
    place.move_into_place().map_err(on_disk)
}

/// Returns a command that gets none of the user's variables but those that every program needs.
fn helper(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(helper_environment());
    command
}

/// A failure of a program.
enum Failed {
    NotRun {
        program: std::path::PathBuf,
        source: io::Error,
    },
    Ended {
        output: String,
    },
}

impl Failed {
    fn into_error(self, host: &HostPython, place: &CachePlace) -> InterpreterError {
        match self {
            Self::NotRun { program, source } => InterpreterError::Run { program, source },
            Self::Ended { output } if output.contains("ensurepip is not available") => InterpreterError::NoVenv {
                python: host.executable.clone(),
                module: "ensurepip".to_owned(),
            },
            Self::Ended { output } => pip::explain_failure(&output, &place.folder),
        }
    }
}

/// Runs a program to its end and calls `see` with each line of its standard output.
fn run_to_end(command: &mut Command, mut see: impl FnMut(&str)) -> Result<(), Failed> {
    let program = std::path::PathBuf::from(command.get_program());
    let not_run = |source| Failed::NotRun {
        program: program.clone(),
        source,
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(not_run)?;
    let stderr = child.stderr.take();
    let reading = thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut stderr) = stderr {
            // A reading error ends the text as the end of the stream does.
            let _ = stderr.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut output = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            see(&line);
            output.push_str(&line);
            output.push('\n');
        }
    }
    let status = child.wait().map_err(not_run)?;
    output.push_str(&reading.join().unwrap_or_default());
    if status.success() {
        Ok(())
    } else {
        Err(Failed::Ended { output })
    }
}
