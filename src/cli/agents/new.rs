use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use include_dir::Dir;
use serde_json::json;

use crate::cli::{CliError, Exit, Globals, output};
use crate::config::Environment;
use crate::plugin::{Catalogue, SearchPath};
use crate::shipped::AGENTS;

/// `kosmos agents new`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  kosmos agents new my_agent --kind process\n  kosmos agents new my_judge --kind llm --dir studies/agents\n  kosmos agents new my_rule --kind wasm --language zig"
)]
pub struct NewArgs {
    /// Its name: small letters, digits and underscores
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What it is made of
    #[arg(long, value_enum)]
    pub kind: NewKind,
    /// Of a process (python, rust) or a component (python, zig): what it is written in
    #[arg(long, value_enum, default_value_t = NewLanguage::Python)]
    pub language: NewLanguage,
    /// The folder of agents that it is made in
    #[arg(long, value_name = "DIR", default_value = "agents")]
    pub dir: PathBuf,
}

/// What a new agent is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NewKind {
    /// A program that speaks the protocol
    Process,
    /// A prompt and a schema
    Llm,
    /// A WebAssembly component
    Wasm,
}

/// What a program is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NewLanguage {
    /// Python; a component of it needs componentize-py
    Python,
    /// Rust; needs cargo
    Rust,
    /// Zig; needs zig, or the Python package ziglang
    Zig,
}

/// In skeletons, the agent's name.
const PLACEHOLDER: &str = "skeleton_agent";

/// What cannot be made.
#[derive(Debug, thiserror::Error)]
enum NewError {
    #[error("`{name}` cannot be an agent's name")]
    Name { name: String },
    #[error("{} is there already", path.display())]
    There { path: PathBuf },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("there is no skeleton `{name}`")]
    Skeleton { name: &'static str },
    #[error("there is no skeleton of a {what} in {language}")]
    Language { what: &'static str, language: &'static str },
}

pub(super) fn execute(args: &NewArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let folder = environment.working_folder().join(&args.dir).join(&args.name);
    let shipped = Catalogue::search(&SearchPath::default()).map_err(crate::cli::outcome::plugin_error)?;
    if !shipped.is_free(&args.name) {
        let name = args.name.clone();
        let help = "take small letters, digits and underscores, and no name of a shipped agent (`kosmos agents list`)";
        return Err(CliError::usage(NewError::Name { name }, help));
    }
    if folder.exists() {
        let help = "take another name, or another --dir";
        return Err(CliError::usage(NewError::There { path: folder }, help));
    }
    let (skeleton, besides) = parts(args.kind, args.language)?;
    let Some(source) = AGENTS.get_dir(format!("sdk/skeletons/{skeleton}")) else {
        return Err(CliError::failed(NewError::Skeleton { name: skeleton }));
    };
    let mut written = Vec::new();
    let made = write(source, source.path(), &folder, &args.name, &mut written);
    made.and_then(|()| copy(besides, &folder, &mut written))
        .map_err(|error| {
            // Whole or not at all.
            let _ = fs::remove_dir_all(&folder);
            CliError::failed(error)
        })?;
    written.sort();
    if globals.json {
        output::json(&json!({ "agent": args.name, "folder": folder, "files": written }))?;
        return Ok(Exit::Done);
    }
    let files: String = written.iter().map(|file| format!("  {}\n", file.display())).collect();
    let dirs = match args.dir == Path::new("agents") {
        true => String::new(),
        false => format!(" --agents-dir {}", args.dir.display()),
    };
    output::text(&format!(
        "{}\n{files}\nREADME.md there says what each is for. Next: kosmos agents check {}{dirs}\n",
        folder.display(),
        args.name
    ))?;
    Ok(Exit::Done)
}

/// A file of the SDKs, and what it is called in the agent's folder.
type Part = (&'static str, &'static str);

/// The skeleton, and what of the SDKs belongs to it.
fn parts(kind: NewKind, language: NewLanguage) -> Result<(&'static str, &'static [Part]), CliError> {
    const WIT: Part = ("sdk/wit/agent.wit", "wit/agent.wit");
    const ZIG: Part = ("sdk/zig/kosmos_agent.zig", "kosmos_agent.zig");
    let none = |what, language| {
        let help = "a process can be in python or rust, a component in python or zig; agents/PROTOCOL.md has all \
                    that another language needs";
        Err(CliError::usage(NewError::Language { what, language }, help))
    };
    match (kind, language) {
        (NewKind::Llm, _) => Ok(("llm", &[])),
        (NewKind::Process, NewLanguage::Python) => Ok(("python", &[])),
        (NewKind::Process, NewLanguage::Rust) => Ok(("rust", &[])),
        (NewKind::Wasm, NewLanguage::Python) => Ok(("wasm_python", &[WIT])),
        (NewKind::Wasm, NewLanguage::Zig) => Ok(("zig", &[ZIG])),
        (NewKind::Process, NewLanguage::Zig) => none("process", "zig"),
        (NewKind::Wasm, NewLanguage::Rust) => none("component", "rust"),
    }
}

fn copy(parts: &[Part], to: &Path, written: &mut Vec<PathBuf>) -> Result<(), NewError> {
    for (from, inside) in parts {
        let Some(file) = AGENTS.get_file(from) else {
            return Err(NewError::Skeleton { name: from });
        };
        let path = to.join(inside);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&path, file.contents()))
            .map_err(|source| NewError::Write { path, source })?;
        written.push(PathBuf::from(inside));
    }
    Ok(())
}

fn write(from: &Dir<'_>, root: &Path, to: &Path, name: &str, written: &mut Vec<PathBuf>) -> Result<(), NewError> {
    fs::create_dir_all(to).map_err(|source| NewError::Write {
        path: to.to_owned(),
        source,
    })?;
    for file in from.files() {
        let inside = file.path().strip_prefix(root).unwrap_or(file.path());
        // A manifest of cargo's would make the skeleton a package of its own within Kosmos.
        let inside = PathBuf::from(inside.to_string_lossy().trim_end_matches(".skeleton"));
        let path = to.join(&inside);
        let text = String::from_utf8_lossy(file.contents()).replace(PLACEHOLDER, name);
        let failed = |source| NewError::Write {
            path: path.clone(),
            source,
        };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&path, text).map_err(failed)?;
        written.push(inside);
    }
    for folder in from.dirs() {
        write(folder, root, to, name, written)?;
    }
    Ok(())
}
