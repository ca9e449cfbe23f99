//! The contents of an image.

use std::collections::HashMap;

use kosmos_core::hash::sha256_hex;
use sha2::{Digest, Sha256};

use crate::{Language, interpreter::lock::LOCK};

/// Increased when an image is made in another way without a change of its files.
const VERSION: &str = "1";

/// Kosmos's own programs that run inside, in `/opt/kosmos`.
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
    /// `1` on every image of Kosmos's sandbox.
    pub const SANDBOX: &str = "org.kosmos.sandbox";
    /// The language of the scripts that run in it.
    pub const LANGUAGE: &str = "org.kosmos.sandbox.language";
    /// SHA-256 of the lock of its packages, in hexadecimal.
    pub const LOCK: &str = "org.kosmos.sandbox.lock";
    /// SHA-256 of everything that went into it, in hexadecimal; its first 12 digits end the tag.
    pub const RECIPE: &str = "org.kosmos.sandbox.recipe";
    /// The requested packages besides the lock's, separated by spaces.
    pub const PACKAGES: &str = "org.kosmos.sandbox.packages";
    /// The version of the Python in it.
    pub const PYTHON: &str = "org.kosmos.sandbox.python";
    /// On everything that a build makes, leftovers included: the end of the tag.
    pub(in super::super) const BUILD: &str = "org.kosmos.sandbox.build";
}

/// Returns the name of the image in which this version of Kosmos runs scripts of a language:
/// `kosmos-sandbox:<language>-<12 digits>`.
///
/// It changes with everything that goes into the image except for the base.
#[must_use]
pub fn image_tag(language: Language) -> String {
    ImageRecipe::for_language(language).image_tag()
}

/// The contents of the image for a language.
#[derive(Debug, Clone)]
pub struct ImageRecipe {
    language: Language,
    /// Packages besides the lock's.
    packages: Vec<String>,
    hash: String,
}

impl ImageRecipe {
    pub fn for_language(language: Language) -> Self {
        let files = build_files(language);
        let files = files.iter().flat_map(|(name, text)| [name.as_str(), text]);
        Self {
            language,
            packages: Vec::new(),
            hash: hash_texts(
                [VERSION]
                    .into_iter()
                    .chain(files)
                    .chain(debian_packages(language).iter().copied()),
            ),
        }
    }

    /// Adds `packages`, whose order makes no difference.
    pub fn with_packages(self, packages: &[String]) -> Self {
        if packages.is_empty() {
            return self;
        }
        let mut packages = packages.to_vec();
        packages.sort();
        packages.dedup();
        let listed = packages.iter().map(String::as_str);
        Self {
            hash: hash_texts([self.hash.as_str(), EXTRA, CHECK].into_iter().chain(listed)),
            language: self.language,
            packages,
        }
    }

    /// Returns enough digits of the hash to tell recipes apart.
    pub fn short_hash(&self) -> &str {
        self.hash.get(..12).unwrap_or(&self.hash)
    }

    pub fn image_tag(&self) -> String {
        format!("kosmos-sandbox:{}-{}", self.language, self.short_hash())
    }

    /// Returns the labels of the image, given the version of its Python.
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

    /// Returns the Dockerfile's arguments.
    pub fn build_arguments(&self, base: &str) -> HashMap<&'static str, String> {
        let mut arguments = HashMap::from([("BASE_IMAGE", base.to_owned()), ("BUILD", self.short_hash().to_owned())]);
        if self.language == Language::R {
            arguments.insert("PACKAGES", R_PACKAGES.join(" "));
        }
        arguments
    }

    /// Returns the names and contents of the build context's files, without the packages.
    pub fn files(&self) -> Vec<(String, &'static str)> {
        if self.packages.is_empty() {
            return build_files(self.language);
        }
        [("Dockerfile", EXTRA), ("check.py", CHECK)]
            .map(|(name, text)| (name.to_owned(), text))
            .to_vec()
    }
}

/// Returns one hash of several texts.
fn hash_texts<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        // With its length, so that moving text from one part to the next changes the hash.
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    format!("{:x}", hash.finalize())
}

fn build_files(language: Language) -> Vec<(String, &'static str)> {
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

/// Returns Debian's packages that a base needs.
pub fn debian_packages(language: Language) -> &'static [&'static str] {
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
        let (python, r) = (image_tag(Language::Python), image_tag(Language::R));
        assert!(python.starts_with("kosmos-sandbox:python-"), "{python}");
        assert!(r.starts_with("kosmos-sandbox:r-"), "{r}");
        assert_eq!(python.rsplit('-').next().unwrap().len(), 12);
        assert_eq!(python, image_tag(Language::Python));
    }

    #[test]
    fn each_list_of_packages_has_a_tag_whatever_its_order() {
        let tag = |packages: &[&str]| {
            let packages: Vec<String> = packages.iter().map(|&package| package.to_owned()).collect();
            ImageRecipe::for_language(Language::Python)
                .with_packages(&packages)
                .image_tag()
        };
        assert_eq!(tag(&[]), super::image_tag(Language::Python));
        assert_eq!(tag(&["b==1", "a==1"]), tag(&["a==1", "b==1"]));
        assert_ne!(tag(&["a==1"]), tag(&["a==2"]));
        assert_ne!(tag(&["a==1"]), tag(&[]));
    }

    #[test]
    fn the_dockerfiles_take_every_argument_and_file() {
        let extra = ImageRecipe::for_language(Language::Python).with_packages(&["a==1".to_owned()]);
        for recipe in [
            ImageRecipe::for_language(Language::Python),
            ImageRecipe::for_language(Language::R),
            extra,
        ] {
            let language = recipe.language;
            let files = recipe.files();
            let dockerfile = files[0].1;
            for name in recipe.build_arguments("b").keys() {
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
