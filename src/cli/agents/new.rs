use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use include_dir::Dir;
use kosmos_core::files::with_users_modes;
use serde_json::json;

use crate::cli::{CliError, Exit, Globals, output};
use crate::config::Environment;
use crate::plugin::{AgentCatalogue, SearchPath};
use crate::shipped::AGENTS;

/// `kosmos agents new`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  kosmos agents new my_agent --kind process\n  kosmos agents new my_judge --kind llm --dir studies/agents\n  kosmos agents new my_rule --kind wasm --language zig"
)]
pub struct NewArgs {
    /// Name of the agent: lower-case letters, digits and underscores
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Kind of agent
    #[arg(long, value_enum)]
    pub kind: NewKind,
    /// Language of a process (python, rust) or of a component (python, zig)
    #[arg(long, value_enum, default_value_t = NewLanguage::Python)]
    pub language: NewLanguage,
    /// Folder of agents to create it in
    #[arg(long, value_name = "DIR", default_value = "agents")]
    pub dir: PathBuf,
}

/// The kinds of new agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NewKind {
    /// A program that speaks the protocol
    Process,
    /// A prompt and a schema
    Llm,
    /// A WebAssembly component
    Wasm,
}

/// The languages of new agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NewLanguage {
    /// Python; a component needs componentize-py
    Python,
    /// Rust; needs cargo
    Rust,
    /// Zig; needs zig, or the Python package ziglang
    Zig,
}

/// The agent's name in skeletons.
const PLACEHOLDER: &str = "skeleton_agent";

/// Why an agent could not be created.
#[derive(Debug, thiserror::Error)]
enum NewError {
    #[error("`{name}` cannot be an agent's name")]
    Name { name: String },
    #[error("{} exists already", path.display())]
    There { path: PathBuf },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("there is no skeleton `{name}`")]
    Skeleton { name: &'static str },
    #[error("there is no skeleton of a {what} in {language}")]
    Language { what: &'static str, language: &'static str },
}

pub(super) fn execute_new(args: &NewArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let folder = environment.working_folder().join(&args.dir).join(&args.name);
    let shipped = AgentCatalogue::search_folders(&SearchPath::default())?;
    if !shipped.is_free(&args.name) {
        let name = args.name.clone();
        let help = "use lower-case letters, digits and underscores, and not the name of a shipped agent (`kosmos agents list`)";
        return Err(CliError::from_usage(NewError::Name { name }, help));
    }
    if folder.exists() {
        let help = "choose another name, or another --dir";
        return Err(CliError::from_usage(NewError::There { path: folder }, help));
    }
    let (skeleton, besides) = choose_skeleton(args.kind, args.language)?;
    let Some(source) = AGENTS.get_dir(format!("sdk/skeletons/{skeleton}")) else {
        return Err(CliError::from_failure(NewError::Skeleton { name: skeleton }));
    };
    let mut written = Vec::new();
    let made = with_users_modes(|| {
        write_skeleton(source, source.path(), &folder, &args.name, &mut written)?;
        copy_parts(besides, &folder, &mut written)
    });
    made.map_err(|error| {
        // Whole or not at all.
        let _ = fs::remove_dir_all(&folder);
        CliError::from_failure(error)
    })?;
    written.sort();
    if globals.json {
        output::print_json(&json!({ "agent": args.name, "folder": folder, "files": written }))?;
        return Ok(Exit::Done);
    }
    let files: String = written.iter().map(|file| format!("  {}\n", file.display())).collect();
    let dirs = match args.dir == Path::new("agents") {
        true => String::new(),
        false => format!(" --agents-dir {}", args.dir.display()),
    };
    output::print_text(&format!(
        "{}\n{files}\nREADME.md there describes each file. Next: kosmos agents check {}{dirs}\n",
        folder.display(),
        args.name
    ))?;
    Ok(Exit::Done)
}

/// A file of the SDKs, and its name in the agent's folder.
type Part = (&'static str, &'static str);

/// The skeleton, and the files of the SDKs that belong to it.
fn choose_skeleton(kind: NewKind, language: NewLanguage) -> Result<(&'static str, &'static [Part]), CliError> {
    const WIT: Part = ("sdk/wit/agent.wit", "wit/agent.wit");
    const ZIG: Part = ("sdk/zig/kosmos_agent.zig", "kosmos_agent.zig");
    let none = |what, language| {
        let help = "a process can be in python or rust, a component in python or zig; agents/PROTOCOL.md describes the \
                    protocol for other languages";
        Err(CliError::from_usage(NewError::Language { what, language }, help))
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

fn copy_parts(parts: &[Part], to: &Path, written: &mut Vec<PathBuf>) -> Result<(), NewError> {
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

fn write_skeleton(
    from: &Dir<'_>,
    root: &Path,
    to: &Path,
    name: &str,
    written: &mut Vec<PathBuf>,
) -> Result<(), NewError> {
    fs::create_dir_all(to).map_err(|source| NewError::Write {
        path: to.to_owned(),
        source,
    })?;
    for file in from.files() {
        let inside = file.path().strip_prefix(root).unwrap_or(file.path());
        // Under the name Cargo.toml, the skeleton would be a package within Kosmos.
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
        write_skeleton(folder, root, to, name, written)?;
    }
    Ok(())
}
