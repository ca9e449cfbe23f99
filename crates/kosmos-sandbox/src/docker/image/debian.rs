//! A root file system of Debian's packages.

use std::{
    env,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::{ImageError, Progress, program::run_program};

const SUITE: &str = "bookworm";

/// What no script has a use for; two thirds of a small system.
const LEFT_OUT: [&str; 4] = [
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
];

/// Kept nonetheless.
const LICENCES: &str = "/usr/share/doc/*/copyright";

/// Has mmdebstrap do without a package that would bring all of Perl.
const MERGED: &str = "/usr/share/mmdebstrap/hooks/merged-usr";

/// Text that changes with what is made.
pub fn recipe(packages: &[&str]) -> String {
    format!("{SUITE}\n{}\n{}", LEFT_OUT.join("\n"), packages.join("\n"))
}

/// Makes the tar archive `tar` of a root file system with `packages` for `architecture` (such as `amd64`).
pub async fn make(
    packages: &[&str],
    architecture: Option<String>,
    mirror: Option<&str>,
    tar: &Path,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(), ImageError> {
    let bootstrap = if let Some(program) = installed("mmdebstrap") {
        let command = mmdebstrap(&program, packages, architecture.as_deref(), mirror, tar);
        return run("mmdebstrap", command, progress).await;
    } else {
        installed("debootstrap").ok_or(ImageError::NoBootstrap)?
    };
    let root = tar.with_extension("root");
    let command = debootstrap(&bootstrap, packages, architecture.as_deref(), mirror, &root);
    run("debootstrap", command, progress).await?;
    run("tar", archive(&root, tar), progress).await
}

fn mmdebstrap(
    program: &Path,
    packages: &[&str],
    architecture: Option<&str>,
    mirror: Option<&str>,
    tar: &Path,
) -> Command {
    let mut command = Command::new(program);
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

fn debootstrap(
    program: &Path,
    packages: &[&str],
    architecture: Option<&str>,
    mirror: Option<&str>,
    root: &Path,
) -> Command {
    let mut command = Command::new(program);
    command.arg("--variant=minbase");
    command.arg(format!("--include={}", packages.join(",")));
    if let Some(architecture) = architecture {
        command.arg(format!("--arch={architecture}"));
    }
    command.arg(SUITE).arg(root).args(mirror);
    command
}

/// Archives what debootstrap has made, without what mmdebstrap would have left out.
fn archive(root: &Path, tar: &Path) -> Command {
    let mut command = Command::new("tar");
    command.args([
        "--numeric-owner",
        "--exclude=./dev/*",
        "--exclude=./proc/*",
        "--exclude=./sys/*",
    ]);
    command.args(["--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*"]);
    for path in LEFT_OUT {
        // tar cannot leave out a folder but for the licences in it.
        if !LICENCES.starts_with(path.trim_end_matches('*')) {
            command.arg(format!("--exclude=.{path}"));
        }
    }
    command.arg("-C").arg(root).arg("-cf").arg(tar).arg(".");
    command
}

async fn run(program: &'static str, command: Command, progress: &(dyn Fn(Progress) + Sync)) -> Result<(), ImageError> {
    let see = |line: &str| {
        // Its own account, and not that of the programs it runs.
        if let Some(said) = line.strip_prefix("I: ") {
            progress(Progress::Bootstrapping { said: said.to_owned() });
        }
    };
    run_program(command, see)
        .await?
        .map_err(|failed| ImageError::Bootstrap {
            program,
            output: failed.output,
        })
}

/// The program in `PATH`, or where an administrator's programs lie.
fn installed(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}
