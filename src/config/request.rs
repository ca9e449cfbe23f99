use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use config::Config;
use kosmos_core::{files::read_bounded, run_files::SETTINGS_BYTES};

use super::catalogue::KeyCatalogue;
use super::environment::read_variables;
use super::inherited::{self, Own};
use super::layer::Layer;
use super::{
    ConfigError, DataFlags, Environment, Origin, Overrides, PolicyChoice, Provider, Resolved, Settings, profile, ranges,
};

/// The defaults, as text: `config/default.toml`.
pub(super) const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Another name of a key, and the key.
pub(super) const ALIAS: (&str, &str) = ("outcome", "target");

/// The sources of settings, on top of the defaults.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// A profile: a name, or a path.
    pub profile: Option<String>,
    /// A run file.
    pub run_file: Option<PathBuf>,
    /// Variables and working folder.
    pub environment: Environment,
    /// Flags.
    pub overrides: Overrides,
    /// Flags that say how the tables are read.
    pub data_flags: DataFlags,
    /// True if the run file is a run's own, whose folder may have come from anywhere: a link or a pipe in its place is
    /// refused.
    pub frozen: bool,
}

impl Request {
    /// A request for the settings in a run's own `run.toml`: neither the environment nor flags change a run that has
    /// begun.
    pub fn frozen(run_file: impl Into<PathBuf>) -> Self {
        Self {
            run_file: Some(run_file.into()),
            frozen: true,
            ..Self::default()
        }
    }

    /// Merges the sources, later ones over earlier ones, and checks the result.
    ///
    /// # Errors
    /// When a source cannot be read, or holds an unknown key or an invalid value.
    pub fn resolve(self) -> Result<Resolved, ConfigError> {
        let mut layers = vec![Layer::from_toml(
            DEFAULTS,
            Path::new("config/default.toml"),
            &Origin::Default,
            None,
        )?];
        if let Some(name) = &self.profile {
            layers.push(profile::profile_layer(name, &self.environment)?);
        }
        let under_the_run_file = layers.len();
        if let Some(file) = &self.run_file {
            layers.push(run_file_layer(file, self.frozen, &self.environment)?);
        }
        let working_folder = self.environment.working_folder();
        let mut variables = read_variables(&self.environment)?;
        variables.make_absolute(working_folder)?;
        layers.push(variables);
        layers.push(self.overrides.into_layer(working_folder)?);
        for layer in &mut layers {
            layer.take_alias(ALIAS.0, ALIAS.1)?;
        }
        // Variables of other programs count only if a model is used.
        if text_in_force(&layers, "policy") == Some("llm") {
            let own = Own {
                provider: text_in_force(&layers, "llm.provider").and_then(Provider::of_name),
                address: text_in_force(&layers, "llm.base_url").is_some(),
            };
            layers.insert(under_the_run_file, inherited::model_layer(&self.environment, own)?);
        }

        if text_in_force(&layers, "graph.store") == Some("neo4j") {
            layers.insert(under_the_run_file, inherited::graph_layer(&self.environment)?);
        }

        let mut builder = Config::builder();
        for layer in &layers {
            builder = builder.add_source(layer.clone());
        }
        let merged = builder.build().map_err(ConfigError::Merge)?;
        let mut settings: Settings = merged.try_deserialize().map_err(ConfigError::Merge)?;
        let mut flagged = BTreeMap::new();
        self.data_flags
            .apply(&mut settings.data, self.environment.working_folder(), &mut flagged)?;
        check_model(&settings, &layers)?;
        ranges::check_settings(&settings).map_err(|wrong| ConfigError::Invalid {
            origin: origin_in_force(&layers, &wrong.key).cloned().unwrap_or(Origin::Default),
            key: wrong.key,
            value: wrong.value.into(),
            reason: wrong.reason.into(),
            remedy: wrong.remedy.map(Into::into),
        })?;
        let mut origins = collect_origins(&layers, &settings);
        origins.append(&mut flagged);
        Ok(Resolved { origins, settings })
    }
}

fn run_file_layer(file: &Path, frozen: bool, environment: &Environment) -> Result<Layer, ConfigError> {
    // A frozen request has no working folder, so the path is made absolute by the process's own.
    let absolute = std::path::absolute(environment.working_folder().join(file)).map_err(ConfigError::WorkingFolder)?;
    let text = match frozen {
        true => read_bounded(&absolute, SETTINGS_BYTES).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        }),
        false => fs::read_to_string(&absolute),
    };
    let text = text.map_err(|source| ConfigError::Read {
        what: "run file",
        // As the user wrote it.
        file: file.to_owned(),
        source,
    })?;
    let origin = Origin::RunFile {
        file: file.to_owned(),
        line: None,
    };
    let base = absolute.parent().unwrap_or(&absolute);
    Layer::from_toml(&text, file, &origin, Some(base))
}

/// The text of a file of settings.
pub(super) fn read_file(what: &'static str, file: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(file).map_err(|source| ConfigError::Read {
        what,
        file: file.to_owned(),
        source,
    })
}

/// A model policy needs a model and an address for each agent that thinks.
fn check_model(settings: &Settings, layers: &[Layer]) -> Result<(), ConfigError> {
    if settings.policy != PolicyChoice::Llm {
        return Ok(());
    }
    let llm = &settings.llm;
    let model = llm.models_by_agent().iter().all(|(_, model)| model.is_some());
    let address = llm.address().is_some();
    let missing = match (model, address) {
        (true, true) => return Ok(()),
        (true, false) => "llm.base_url is",
        (false, true) => "llm.model is",
        (false, false) => "llm.model and llm.base_url are",
    };
    Err(ConfigError::NoModel {
        missing,
        origin: origin_in_force(layers, "policy").cloned().unwrap_or(Origin::Default),
    })
}

/// The text of `key` that is in force.
fn text_in_force<'l>(layers: &'l [Layer], key: &str) -> Option<&'l str> {
    layers.iter().rev().find_map(|layer| layer.value(key))?.as_str()
}

/// The origin of the value of `key` that is in force: the last layer that sets it.
fn origin_in_force<'l>(layers: &'l [Layer], key: &str) -> Option<&'l Origin> {
    let value_key = key.split('[').next().unwrap_or(key);
    layers
        .iter()
        .rev()
        .find(|layer| layer.value(value_key).is_some())?
        .origin(key)
}

fn collect_origins(layers: &[Layer], settings: &Settings) -> BTreeMap<String, Origin> {
    let keys = KeyCatalogue::get()
        .keys()
        .filter(|key| !key.contains('['))
        .map(ToOwned::to_owned);
    let paths = (0..settings.data.len()).map(|index| format!("data[{index}].path"));
    let named = layers
        .iter()
        .flat_map(|layer| layer.keys_under("agents."))
        .map(ToOwned::to_owned);
    keys.chain(paths)
        .chain(named)
        .filter_map(|key| Some((origin_in_force(layers, &key)?.clone(), key)))
        .map(|(origin, key)| (key, origin))
        .collect()
}
