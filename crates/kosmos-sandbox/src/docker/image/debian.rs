//! Makes a root file system of Debian's packages.

use std::{
    env,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::{BuildProgress, ImageError, program::run_program};
use crate::environment::fetching_environment;

const SUITE: &str = "bookworm";

/// Paths that no script needs: two thirds of a small system.
const LEFT_OUT: [&str; 4] = [
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
];

/// Exceptions from those.
const LICENCES: &str = "/usr/share/doc/*/copyright";

/// A hook of mmdebstrap that replaces a package that would install all of Perl.
const MERGED: &str = "/usr/share/mmdebstrap/hooks/merged-usr";

/// Returns a text that changes whenever the result would.
pub fn base_recipe(packages: &[&str]) -> String {
    format!("{SUITE}\n{}\n{}", LEFT_OUT.join("\n"), packages.join("\n"))
}

/// Makes the tar archive `tar` of a root file system with `packages` for `architecture` (such as `amd64`).
pub async fn make_root_archive(
    packages: &[&str],
    architecture: Option<String>,
    mirror: Option<&str>,
    tar: &Path,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<(), ImageError> {
    let bootstrap = if let Some(program) = find_program("mmdebstrap") {
        let command = mmdebstrap_command(&program, packages, architecture.as_deref(), mirror, tar);
        return run_reporting("mmdebstrap", command, progress).await;
    } else {
        find_program("debootstrap").ok_or(ImageError::NoBootstrap)?
    };
    let root = tar.with_extension("root");
    let command = debootstrap_command(&bootstrap, packages, architecture.as_deref(), mirror, &root);
    run_reporting("debootstrap", command, progress).await?;
    run_reporting("tar", tar_command(&root, tar), progress).await
}

fn mmdebstrap_command(
    program: &Path,
    packages: &[&str],
    architecture: Option<&str>,
    mirror: Option<&str>,
    tar: &Path,
) -> Command {
    let mut command = open_command(program);
    command.args(["--variant=minbase", "--format=tar", "--skip=output/dev"]);
    command.arg(format!("--include={}", packages.join(",")));
    if Path::new(MERGED).is_dir() {
        command
            .arg(format!("--hook-dir={MERGED}"))
            .arg("--include=usr-is-merged");
    }
    for path in LEFT_OUT {
        command.arg(format!("--dpkgopt=path-exclude={path}"));
    }
    command.arg(format!("--dpkgopt=path-include={LICENCES}"));
    if let Some(architecture) = architecture {
        command.arg(format!("--architectures={architecture}"));
    }
    command.arg(SUITE).arg(tar).args(mirror);
    command
}

fn debootstrap_command(
    program: &Path,
    packages: &[&str],
    architecture: Option<&str>,
    mirror: Option<&str>,
    root: &Path,
) -> Command {
    let mut command = open_command(program);
    command.arg("--variant=minbase");
    command.arg(format!("--include={}", packages.join(",")));
    if let Some(architecture) = architecture {
        command.arg(format!("--arch={architecture}"));
    }
    command.arg(SUITE).arg(root).args(mirror);
    command
}

/// Returns the command that archives debootstrap's result without the paths that mmdebstrap leaves out.
fn tar_command(root: &Path, tar: &Path) -> Command {
    let mut command = open_command(Path::new("tar"));
    command.args([
        "--numeric-owner",
        "--exclude=./dev/*",
        "--exclude=./proc/*",
        "--exclude=./sys/*",
    ]);
    command.args(["--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*"]);
    for path in LEFT_OUT {
        // tar cannot exclude a folder and keep the licences in it.
        if !LICENCES.starts_with(path.trim_end_matches('*')) {
            command.arg(format!("--exclude=.{path}"));
        }
    }
    command.arg("-C").arg(root).arg("-cf").arg(tar).arg(".");
    command
}

/// Returns a command that starts `program` with the usual mask of file modes, because a system whose files nobody else
/// may read is of no use, and without the user's variables.
fn open_command(program: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "umask 022 && exec \"$0\" \"$@\""])
        .arg(program)
        .env_clear()
        .envs(fetching_environment());
    command
}

async fn run_reporting(
    program: &'static str,
    command: Command,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<(), ImageError> {
    let see = |line: &str| {
        // Its own messages, not those of the programs that it runs.
        if let Some(said) = line.strip_prefix("I: ") {
            progress(BuildProgress::Bootstrapping { said: said.to_owned() });
        }
    };
    run_program(command, see)
        .await?
        .map_err(|failed| ImageError::Bootstrap {
            program,
            output: failed.output,
        })
}

/// Finds a program in `PATH` or `/usr/sbin`.
fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}
