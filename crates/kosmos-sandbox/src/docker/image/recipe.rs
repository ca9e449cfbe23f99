//! What goes into an image.

use std::collections::HashMap;

use kosmos_core::hash::sha256_hex;
use sha2::{Digest, Sha256};

use crate::{Language, interpreter::lock::LOCK};

/// Changes with how an image is made, where its files don't show it.
const VERSION: &str = "1";

/// The programs of kosmos's own that run inside; they lie in `/opt/kosmos`.
pub const AGENTS: [(&str, &str); 2] = [
    ("runner.py", include_str!("../../../python/runner.py")),
    ("resident.py", include_str!("../../../python/resident.py")),
];

const PYTHON: &str = include_str!("../../../docker/Dockerfile");
const R: &str = include_str!("../../../docker/r/Dockerfile");
const HARDEN: &str = include_str!("../../../docker/harden.sh");
const EXTRA: &str = include_str!("../../../docker/packages/Dockerfile");
const CHECK: &str = include_str!("../../../docker/packages/check.py");

/// Debian's packages for scripts in Python, without those of the lock.
const PYTHON_PACKAGES: &[&str] = &["python3", "python3-venv"];

/// Debian's packages for scripts in R. Python is for the program that starts them.
const R_PACKAGES: &[&str] = &[
    "python3",
    "r-base-core",
    "r-cran-broom",
    "r-cran-dplyr",
    "r-cran-ggplot2",
    "r-cran-jsonlite",
    "r-cran-lme4",
    "r-cran-readr",
    "r-cran-survival",
    "r-cran-tidyr",
];

/// The names of an image's labels.
pub mod label {
    /// `1` on every image of kosmos's sandbox.
    pub const SANDBOX: &str = "org.kosmos.sandbox";
    /// The language of the scripts that run in it.
    pub const LANGUAGE: &str = "org.kosmos.sandbox.language";
    /// SHA-256 of the lock of its packages, in hexadecimal.
    pub const LOCK: &str = "org.kosmos.sandbox.lock";
    /// SHA-256 of everything that went into it, in hexadecimal; its first 12 digits end the tag.
    pub const RECIPE: &str = "org.kosmos.sandbox.recipe";
    /// The packages besides the lock's that were asked for, with spaces between them.
    pub const PACKAGES: &str = "org.kosmos.sandbox.packages";
    /// The version of the Python in it.
    pub const PYTHON: &str = "org.kosmos.sandbox.python";
    /// On all that a build makes, what it leaves behind included: the end of the tag.
    pub(in super::super) const BUILD: &str = "org.kosmos.sandbox.build";
}

/// The name of the image that this version of kosmos runs scripts of a language in:
/// `kosmos-sandbox:<language>-<12 digits>`.
///
/// It changes with everything that goes into the image, the base aside.
#[must_use]
pub fn tag(language: Language) -> String {
    Recipe::of(language).tag()
}

/// What goes into the image for a language.
#[derive(Debug, Clone)]
pub struct Recipe {
    language: Language,
    /// Packages besides the lock's.
    packages: Vec<String>,
    hash: String,
}

impl Recipe {
    pub fn of(language: Language) -> Self {
        let files = files(language);
        let files = files.iter().flat_map(|(name, text)| [name.as_str(), text]);
        Self {
            language,
            packages: Vec::new(),
            hash: digest(
                [VERSION]
                    .into_iter()
                    .chain(files)
                    .chain(packages(language).iter().copied()),
            ),
        }
    }

    /// The image of this recipe with `packages` besides, if there are any; in whatever order they are listed.
    pub fn with(self, packages: &[String]) -> Self {
        if packages.is_empty() {
            return self;
        }
        let mut packages = packages.to_vec();
        packages.sort();
        packages.dedup();
        let listed = packages.iter().map(String::as_str);
        Self {
            hash: digest([self.hash.as_str(), EXTRA, CHECK].into_iter().chain(listed)),
            language: self.language,
            packages,
        }
    }

    /// As many digits as tell recipes apart.
    pub fn short(&self) -> &str {
        self.hash.get(..12).unwrap_or(&self.hash)
    }

    pub fn tag(&self) -> String {
        format!("kosmos-sandbox:{}-{}", self.language, self.short())
    }

    /// The labels of the image, given the version of the Python in it.
    pub fn labels(&self, python: Option<&str>) -> HashMap<&'static str, String> {
        let mut labels = HashMap::from([
            (label::SANDBOX, "1".to_owned()),
            (label::LANGUAGE, self.language.to_string()),
            (label::RECIPE, self.hash.clone()),
        ]);
        if self.language == Language::Python {
            labels.insert(label::LOCK, sha256_hex(LOCK));
        }
        if !self.packages.is_empty() {
            labels.insert(label::PACKAGES, self.packages.join(" "));
        }
        labels.extend(python.map(|version| (label::PYTHON, version.to_owned())));
        labels
    }

    /// The Dockerfile's arguments.
    pub fn arguments(&self, base: &str) -> HashMap<&'static str, String> {
        let mut arguments = HashMap::from([("BASE_IMAGE", base.to_owned()), ("BUILD", self.short().to_owned())]);
        if self.language == Language::R {
            arguments.insert("PACKAGES", R_PACKAGES.join(" "));
        }
        arguments
    }

    /// The files of the build, but for the packages.
    pub fn files(&self) -> Vec<(String, &'static str)> {
        if self.packages.is_empty() {
            return files(self.language);
        }
        [("Dockerfile", EXTRA), ("check.py", CHECK)]
            .map(|(name, text)| (name.to_owned(), text))
            .to_vec()
    }
}

/// One hash of several texts.
fn digest<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        // With its length, so that nothing can move from one part to the next.
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    format!("{:x}", hash.finalize())
}

fn files(language: Language) -> Vec<(String, &'static str)> {
    let own = match language {
        Language::Python => vec![("Dockerfile", PYTHON), ("requirements.lock", LOCK)],
        Language::R => vec![("Dockerfile", R)],
    };
    own.into_iter()
        .chain([("harden.sh", HARDEN)])
        .map(|(name, text)| (name.to_owned(), text))
        .chain(AGENTS.map(|(name, text)| (format!("agents/{name}"), text)))
        .collect()
}

/// Debian's packages that a base needs.
pub fn packages(language: Language) -> &'static [&'static str] {
    match language {
        Language::Python => PYTHON_PACKAGES,
        Language::R => R_PACKAGES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_tell_languages_apart_and_are_steady() {
        let (python, r) = (tag(Language::Python), tag(Language::R));
        assert!(python.starts_with("kosmos-sandbox:python-"), "{python}");
        assert!(r.starts_with("kosmos-sandbox:r-"), "{r}");
        assert_eq!(python.rsplit('-').next().unwrap().len(), 12);
        assert_eq!(python, tag(Language::Python));
    }

    #[test]
    fn each_list_of_packages_has_a_tag_whatever_its_order() {
        let tag = |packages: &[&str]| {
            let packages: Vec<String> = packages.iter().map(|&package| package.to_owned()).collect();
            Recipe::of(Language::Python).with(&packages).tag()
        };
        assert_eq!(tag(&[]), super::tag(Language::Python));
        assert_eq!(tag(&["b==1", "a==1"]), tag(&["a==1", "b==1"]));
        assert_ne!(tag(&["a==1"]), tag(&["a==2"]));
        assert_ne!(tag(&["a==1"]), tag(&[]));
    }

    #[test]
    fn the_dockerfiles_take_every_argument_and_file() {
        let extra = Recipe::of(Language::Python).with(&["a==1".to_owned()]);
        for recipe in [Recipe::of(Language::Python), Recipe::of(Language::R), extra] {
            let language = recipe.language;
            let files = recipe.files();
            let dockerfile = files[0].1;
            for name in recipe.arguments("b").keys() {
                assert!(dockerfile.contains(&format!("ARG {name}")), "{language}: {name}");
            }
            for (name, _) in &files[1..] {
                let top = name.split('/').next().unwrap();
                assert!(dockerfile.contains(&format!("COPY {top} ")), "{language}: {name}");
            }
            // The classic builder and buildah have no mounts.
            assert!(!dockerfile.contains("--mount"), "{language}");
        }
    }

    #[test]
    fn the_image_for_r_is_tried_with_every_package() {
        for package in R_PACKAGES {
            if let Some(name) = package.strip_prefix("r-cran-") {
                assert!(R.contains(&format!("\"{name}\"")), "{name}");
            }
        }
    }
}
