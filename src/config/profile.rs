use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::layer::Layer;
use super::request::read_file;
use super::{ConfigError, Environment, Origin};

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/config/profiles");

/// The names of the profiles that are part of the binary, in alphabetical order.
pub fn built_in_names() -> Vec<&'static str> {
    let mut names: Vec<_> = BUILT_IN
        .files()
        .filter_map(|file| file.path().file_stem()?.to_str())
        .collect();
    names.sort_unstable();
    names
}

/// The settings of the profile `name`: a path if it looks like one, else a file in the user's own folder, else a
/// built-in profile.
pub(super) fn profile_layer(name: &str, environment: &Environment) -> Result<Layer, ConfigError> {
    if is_path(name) {
        return from_file(&environment.working_folder().join(name));
    }
    let file = format!("{name}.toml");
    let own = environment
        .config_folder()
        .map(|folder| folder.join("profiles").join(&file));
    if let Some(own) = own.as_deref().filter(|own| own.exists()) {
        return from_file(own);
    }
    if let Some(text) = BUILT_IN.get_file(&file).and_then(|file| file.contents_utf8()) {
        let origin = Origin::BuiltInProfile {
            name: name.to_owned(),
            line: None,
        };
        return Layer::from_toml(text, &Path::new("config/profiles").join(file), &origin, None);
    }
    Err(match own {
        Some(searched) => ConfigError::UnknownProfile {
            name: name.to_owned(),
            searched,
            nearest: nearest_profile(name),
        },
        None => ConfigError::NoProfileFolder { name: name.to_owned() },
    })
}

fn is_path(name: &str) -> bool {
    name.contains(std::path::is_separator) || name.ends_with(".toml")
}

fn from_file(file: &Path) -> Result<Layer, ConfigError> {
    let text = read_file("profile", file)?;
    let origin = Origin::Profile {
        file: file.to_owned(),
        line: None,
    };
    let base = file.parent().map(PathBuf::from);
    Layer::from_toml(&text, file, &origin, base.as_deref())
}

fn nearest_profile(name: &str) -> Option<String> {
    built_in_names()
        .into_iter()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(score, _)| *score >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known.to_owned())
}
