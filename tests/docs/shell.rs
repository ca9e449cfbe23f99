//! A reader's shell, in a copy of what the commands read.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
};

use kosmos_testing::{copy_tree, kosmos_binary, repository_path};

/// Folders of the repository that commands name.
const FOLDERS: [&str; 4] = ["agents", "config", "docker", "examples"];

/// Beginnings of the names of variables that would change what a command does.
const VARIABLES: [&str; 8] = [
    "KOSMOS_",
    "CLAUDE_",
    "DOCKER_",
    "LITELLM_",
    "LLM_",
    "NEO4J_",
    "OPENAI_",
    "XDG_CONFIG",
];

/// `cargo run --release -- ...` is the program under test; nothing else of cargo is.
const CARGO: &str = r#"#!/bin/sh
if [ "$1 $2 $3" = "run --release --" ]; then shift 3; exec kosmos "$@"; fi
echo "a page runs cargo: mark the block with no-run and a reason" >&2
exit 1
"#;

/// A working folder with a shell in it; removed at the end.
pub struct Shell {
    folder: tempfile::TempDir,
}

/// What a block of commands gave.
pub struct Output {
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Shell {
    /// A folder with copies of what is in the repository, and no run.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in FOLDERS {
            copy_tree(
                Path::new(&repository_path(name)),
                &folder.path().join("clone").join(name),
            );
        }
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        symlink(kosmos_binary(), bin.join("kosmos")).unwrap();
        fs::write(bin.join("cargo"), CARGO).unwrap();
        fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// Executes the commands; the first that fails ends them.
    pub fn execute(&self, commands: &str) -> Output {
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", commands])
            .current_dir(self.folder.path().join("clone"))
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let known = name.to_string_lossy();
            if VARIABLES.iter().any(|begins| known.starts_with(begins)) {
                bash.env_remove(&name);
            }
        }
        let path = std::env::var("PATH").unwrap();
        bash.env("PATH", format!("{}:{path}", self.folder.path().join("bin").display()))
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        let output = bash.output().unwrap();
        Output {
            exit: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
