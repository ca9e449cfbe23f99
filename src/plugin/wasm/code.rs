//! A component's file: read, checked, and compiled once per process.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use wasmtime::{
    Config, Engine, OptLevel,
    component::{Component, Linker},
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::{
    calls,
    instance::{self, Room},
    world::{Agent, AgentPre},
};
use crate::plugin::{AgentFolder, ChosenAgent, PluginError};
use crate::prompt::{inline, shorten_to};
use crate::science::sha256_hex;

/// Maximum size of a component's file in bytes.
const LARGEST: usize = 64 << 20;

/// The interfaces, for modules that do not embed them.
const WIT: &str = include_str!("../../../agents/sdk/wit/agent.wit");

/// The only interfaces that a component may import.
const HOST: [&str; 2] = ["kosmos:agent/host@1.0.0", "kosmos:agent/types@1.0.0"];

/// A compiled component, ready to be instantiated.
pub struct Code {
    pub engine: Engine,
    pub agent: AgentPre<Room>,
}

/// By the file's hash, so that a restart does not compile again.
static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Code>>>> = LazyLock::new(Mutex::default);

/// Compiles the agent's component.
///
/// # Errors
/// When its file cannot be read or is not a component for agents.
pub fn compile_component(chosen: &ChosenAgent) -> Result<Arc<Code>, PluginError> {
    let manifest = &chosen.manifest;
    let bytes = read_component(chosen)?;
    let wrong = |problem: String| PluginError::Manifest {
        place: format!(
            "{} of the agent `{}`",
            manifest.component.as_deref().unwrap_or_default(),
            manifest.name
        ),
        problem,
    };
    if bytes.len() > LARGEST {
        return Err(wrong(format!("it has more than {} MiB", LARGEST >> 20)));
    }
    let hash = sha256_hex(&bytes);
    let compiled = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(code) = compiled().get(&hash) {
        return Ok(Arc::clone(code));
    }
    tracing::info!(
        agent = manifest.name.as_str(),
        bytes = bytes.len(),
        "compiling its component"
    );
    let code = Arc::new(compile_code(bytes).map_err(|error| wrong(error.to_string()))?);
    compiled().insert(hash, Arc::clone(&code));
    Ok(code)
}

fn read_component(chosen: &ChosenAgent) -> Result<Vec<u8>, PluginError> {
    let name = chosen.manifest.component.as_deref().unwrap_or_default();
    match &chosen.folder {
        AgentFolder::Disk(folder) => {
            let path = folder.join(name);
            fs::read(&path).map_err(|source| PluginError::Read { path, source })
        }
        AgentFolder::Shipped(folder) => match folder.get_file(folder.path().join(name)) {
            Some(file) => Ok(file.contents().to_vec()),
            None => Err(PluginError::Read {
                path: PathBuf::from(name),
                source: std::io::ErrorKind::NotFound.into(),
            }),
        },
    }
}

/// Why a file is not a component for agents.
#[derive(Debug, thiserror::Error)]
enum CodeError {
    /// In the words of the engine.
    #[error("{0}")]
    Engine(String),
    #[error(
        "it imports `{import}`, and agents can import nothing but {}; a module made for WASI must be built without it",
        HOST[0]
    )]
    Import { import: String },
}

fn compile_code(bytes: Vec<u8>) -> Result<Code, CodeError> {
    let told = |error: wasmtime::Error| CodeError::Engine(shorten_to(&inline(&format!("{error:#}")), 400));
    let engine = Engine::new(&engine_config()).map_err(told)?;
    let bytes = to_component(bytes).map_err(told)?;
    let component = Component::new(&engine, bytes).map_err(told)?;
    let kind = component.component_type();
    if let Some((name, _)) = kind.imports(&engine).find(|(name, _)| !HOST.contains(name)) {
        return Err(CodeError::Import { import: inline(name) });
    }
    let mut linker = Linker::new(&engine);
    Agent::add_to_linker::<_, calls::HasRoom>(&mut linker, |room| room).map_err(told)?;
    let agent = linker
        .instantiate_pre(&component)
        .and_then(AgentPre::new)
        .map_err(told)?;
    Ok(Code { engine, agent })
}

/// Turns a core module into a component; leaves a component as it is.
fn to_component(bytes: Vec<u8>) -> wasmtime::Result<Vec<u8>> {
    // The two formats differ in the four bytes after the magic number.
    if bytes.get(4..8) != Some(&[1, 0, 0, 0]) {
        return Ok(bytes);
    }
    let mut module = bytes;
    if !has_types(&module) {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("agent.wit", WIT)?;
        let world = resolve.select_world(package, Some("agent"))?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    }
    ComponentEncoder::default().validate(true).module(&module)?.encode()
}

/// Whether the module embeds its world, as bindings generators do.
fn has_types(module: &[u8]) -> bool {
    const SECTION: &[u8] = b"component-type";
    module.windows(SECTION.len()).any(|window| window == SECTION)
}

/// Turns off everything that could differ between machines or that no agent needs.
fn engine_config() -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(instance::STACK)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_backtrace(false)
        .wasm_memory64(false);
    config
}
