use clap::Args;
use serde_json::{Value, json};

use super::AgentsDirs;
use crate::cli::{CliError, Console, Exit, Globals, SettingsArgs, output};
use crate::config::{Environment, Origin};
use crate::lab::{Ground, LabError, Purpose, SandboxSite};
use crate::plugin::{
    AgentFolder, AgentKind, AgentPlace, ChosenAgent, PluginError, Roster, Setting, check_handshake,
    read_prompt_and_schema, unpack_sdk,
};
use crate::sandbox::{ProcessSandbox, TemporaryFolder};

/// `kosmos agents check`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  kosmos agents check my_agent\n  kosmos agents check my_agent --agents-dir ~/agents --set agents.my_agent.folder=papers"
)]
pub struct CheckArgs {
    /// Agent to check
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Folders of agents.
    #[command(flatten)]
    pub dirs: AgentsDirs,
    /// Changes to the settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

pub(super) fn execute_check(args: &CheckArgs, globals: &Globals) -> Result<Exit, CliError> {
    let bench = Bench::set_up(&args.name, &args.dirs, &args.settings, globals)?;
    let manifest = &bench.chosen.manifest;
    let mut checked = vec![format!("agent.toml is valid (version {})", manifest.version)];
    match manifest.kind {
        AgentKind::Llm => {
            read_prompt_and_schema(&bench.chosen).map_err(|error| {
                CliError::from(PluginError::Manifest {
                    place: format!("the agent `{}`", manifest.name),
                    problem: error.to_string(),
                })
            })?;
            checked.push("its prompt and its schema are valid".to_owned());
        }
        AgentKind::Process => {
            bench.try_it(async |setting| check_handshake(setting).await)?;
            checked.push("it starts in the sandbox and answers `initialize`".to_owned());
        }
        AgentKind::Wasm => {
            bench.try_it(async |setting| check_handshake(setting).await)?;
            checked.push("its component compiles, imports nothing but its host, and answers `initialize`".to_owned());
        }
        AgentKind::Builtin => {}
    }
    if globals.json {
        output::print_json(
            &json!({ "agent": manifest.name, "ok": true, "checked": checked, "config": bench.chosen.config }),
        )?;
    } else {
        let lines: String = checked.iter().map(|line| format!("  ok  {line}\n")).collect();
        output::print_text(&format!("{}\n{lines}", manifest.name))?;
    }
    Ok(Exit::Done)
}

/// An agent outside of any run, ready to be tried.
pub(super) struct Bench {
    pub(super) chosen: ChosenAgent,
    settings: crate::config::Settings,
    console: Console,
    // A copy of its files and its working folder; removed afterwards.
    folder: TemporaryFolder,
}

impl Bench {
    pub(super) fn set_up(
        name: &str,
        dirs: &AgentsDirs,
        settings: &SettingsArgs,
        globals: &Globals,
    ) -> Result<Self, CliError> {
        let environment = Environment::of_process()?;
        let here = environment.working_folder().to_owned();
        let mut resolved = settings.resolve(environment.clone())?;
        let console = Console::start(&resolved.settings.log, globals)?;
        let catalogue = dirs.search_catalogue()?;
        let shipped = catalogue.find_agent(name)?.place == AgentPlace::Shipped;
        let own = resolved
            .settings
            .agents
            .entry(name.to_owned())
            .or_insert_with(|| json!({}));
        // The command names it, and it replaces nobody in a trial.
        if let Some(own) = own.as_object_mut() {
            let keys: &[&str] = if shipped { &["enabled"] } else { &["enabled", "replace"] };
            for key in keys {
                own.insert((*key).to_owned(), Value::Bool(true));
                let flag = "kosmos agents".to_owned();
                resolved
                    .origins
                    .insert(format!("agents.{name}.{key}"), Origin::Flag { flag });
            }
        }
        resolved.settings.agents.retain(|known, _| known == name);
        crate::plugin::make_paths_absolute(&catalogue, &mut resolved, &here)?;
        let catalogue = catalogue.only_agent(name);
        let roster = Roster::choose_agents(&catalogue, &resolved, &environment)?;
        let chosen = roster
            .agents
            .into_iter()
            .find(|chosen| chosen.manifest.name.as_str() == name);
        let Some(mut chosen) = chosen else {
            return Err(CliError::from(PluginError::Manifest {
                place: format!("`{name}`"),
                problem: "it is part of Kosmos and cannot be checked".to_owned(),
            }));
        };
        let folder = TemporaryFolder::create("agent").map_err(CliError::from_failure)?;
        let path = folder.path().to_owned();
        let copied = chosen
            .folder
            .copy_to(&path.join(name))
            .and_then(|()| unpack_sdk(&path.join("sdk")));
        copied.map_err(|source| {
            CliError::from(PluginError::Read {
                path: path.clone(),
                source,
            })
        })?;
        chosen.folder = AgentFolder::Disk(path.join(name));
        Ok(Self {
            chosen,
            settings: resolved.settings,
            console,
            folder,
        })
    }

    /// Runs `work` with the agent's host; the host of a program is the sandbox.
    pub(super) fn try_it<T>(
        &self,
        work: impl AsyncFnOnce(&Setting<'_>) -> Result<T, PluginError>,
    ) -> Result<T, CliError> {
        if self.chosen.manifest.kind == AgentKind::Wasm {
            self.chosen.compile_component()?;
            let system = actix::System::new();
            return system.block_on(work(&self.host_setting(None))).map_err(CliError::from);
        }
        let progress = self.console.progress.as_ref();
        let ground = Ground::prepare_for_programs(&self.settings, progress)?;
        let system = actix::System::new();
        let done = system.block_on(async {
            // The backend of scripts does not matter here.
            let mut settings = self.settings.clone();
            settings.sandbox.backend = crate::config::Backend::Process;
            settings.sandbox.warm = false;
            let ground = match ground {
                Ground::Engine(Some(interpreter)) => Ground::Interpreter(interpreter),
                other => other,
            };
            let site = SandboxSite::start(&settings, &ground, Purpose::default(), progress).await?;
            let Some(programs) = &site.programs else {
                return Ok(Err(PluginError::Needs {
                    agent: self.chosen.manifest.name.to_string(),
                    what: "the process sandbox".to_owned(),
                    remedy: "`kosmos doctor` says what this machine lacks".to_owned(),
                }));
            };
            Ok::<_, LabError>(work(&self.host_setting(Some(programs))).await)
        });
        done?.map_err(CliError::from)
    }

    fn host_setting<'a>(&'a self, programs: Option<&'a ProcessSandbox>) -> Setting<'a> {
        Setting {
            programs,
            chosen: &self.chosen,
            run: "trial",
            alpha: self.settings.research.alpha,
            scratch: self.folder.path().join("scratch"),
            sdk: self.folder.path().join("sdk"),
        }
    }
}
