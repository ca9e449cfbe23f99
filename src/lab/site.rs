//! The site: the started sandbox that scripts run in, as the settings say.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    path::PathBuf,
    sync::Arc,
};

use super::{LabError, backends, processor::name_processor};
use crate::{
    config::{Backend, PolicyChoice, Settings},
    interpreter::Interpreter,
    journal::{self, JournalError, Record},
    progress::{Progress, ProgressEvent},
    sandbox::{
        DockerOptions, DockerSandbox, Language, ProcessOptions, ProcessSandbox, ResourceLimits, Sandbox, SandboxError,
        docker::{
            ContainerEngine,
            image::{self, BuildOptions, ImageError},
        },
    },
};

/// A started sandbox, and its description for a run's journal.
pub struct SandboxSite {
    /// The sandbox; close it at the end.
    pub sandbox: Arc<dyn Sandbox>,
    /// The sandbox of agents' programs; none if the run has no such agent and uses another backend.
    pub programs: Option<Arc<ProcessSandbox>>,
    /// Version of the Python that scripts run on.
    pub python: String,
    /// The processor that scripts run on; none if the container engine may be on another machine.
    pub processor: Option<String>,
    /// Digests of the images that scripts run in, by language; none without a container engine.
    pub images: BTreeMap<String, String>,
}

/// The prerequisites of a sandbox, which may take long to make.
pub enum Ground {
    /// The Python environment of this machine.
    Interpreter(Interpreter),
    /// Scripts run in the container engine; programs of agents run on this machine, with this Python.
    Engine(Option<Interpreter>),
}

/// The purpose that a sandbox is started for.
#[derive(Default)]
pub struct Purpose {
    /// The `kosmos` binary that starts process sandboxes, if that is not this program.
    pub launcher: Option<PathBuf>,
    /// The run.
    pub run: Option<String>,
    /// Images that an earlier process used for the run.
    pub pinned: BTreeMap<String, String>,
    /// True if tables are read and nothing is tested, which takes fewer packages.
    pub reads_only: bool,
}

impl Ground {
    /// Makes what is missing and reports to `progress`. Blocks the thread.
    ///
    /// # Errors
    /// When there is no suitable Python, or its packages cannot be installed.
    pub fn prepare(settings: &Settings, progress: &dyn Progress) -> Result<Self, LabError> {
        match settings.sandbox.backend {
            Backend::Process => Ok(Self::Interpreter(backends::ensure_interpreter(settings, progress)?)),
            Backend::Docker => Ok(Self::Engine(None)),
        }
    }

    /// The same, with the prerequisites of agents' programs.
    ///
    /// # Errors
    /// As [`Ground::prepare`].
    pub fn prepare_for_programs(settings: &Settings, progress: &dyn Progress) -> Result<Self, LabError> {
        let interpreter = backends::ensure_interpreter(settings, progress)?;
        Ok(match settings.sandbox.backend {
            Backend::Process => Self::Interpreter(interpreter),
            Backend::Docker => Self::Engine(Some(interpreter)),
        })
    }
}

impl SandboxSite {
    /// Starts the sandbox that the settings choose, and never another. An image with additional packages is built if it
    /// does not exist, with reports to `progress`.
    ///
    /// # Errors
    /// When it is not available here.
    pub async fn start(
        settings: &Settings,
        ground: &Ground,
        purpose: Purpose,
        progress: &dyn Progress,
    ) -> Result<Self, LabError> {
        match ground {
            Ground::Interpreter(interpreter) => {
                let mut options = process_options(interpreter, settings.sandbox.warm, purpose.launcher.as_ref());
                if purpose.reads_only || settings.policy == PolicyChoice::Heuristic {
                    let imports = TEMPLATE_IMPORTS.into_iter();
                    let needed = imports.filter(|name| !(purpose.reads_only && name.starts_with("scipy")));
                    options.preload = Some(needed.map(str::to_owned).collect());
                }
                let sandbox = Arc::new(ProcessSandbox::start(options).await?);
                Ok(Self {
                    programs: Some(Arc::clone(&sandbox)),
                    sandbox,
                    python: interpreter.version.clone(),
                    processor: name_processor(),
                    images: BTreeMap::new(),
                })
            }
            Ground::Engine(interpreter) => {
                let programs = match interpreter {
                    Some(interpreter) => {
                        let options = process_options(interpreter, false, purpose.launcher.as_ref());
                        Some(Arc::new(ProcessSandbox::start(options).await?))
                    }
                    None => None,
                };
                let pinned = !purpose.pinned.is_empty();
                let mut options = docker_options(settings, purpose);
                if let Entry::Vacant(image) = options.images.entry(Language::Python)
                    && !settings.sandbox.packages.is_empty()
                {
                    image.insert(image_with_packages(settings, progress).await?);
                }
                let is_here = |sandbox: &DockerSandbox| sandbox.engine_address().starts_with("unix://");
                let started = DockerSandbox::start(options).await;
                let sandbox = started.map_err(|error| if pinned { explain_missing_image(error) } else { error })?;
                let images = sandbox.images();
                let python = images.get(&Language::Python).and_then(|image| image.python.clone());
                Ok(Self {
                    python: python.unwrap_or_default(),
                    processor: is_here(&sandbox).then(name_processor).flatten(),
                    images: images
                        .iter()
                        .map(|(language, image)| (language.to_string(), image.id.clone()))
                        .collect(),
                    sandbox: Arc::new(sandbox),
                    programs,
                })
            }
        }
    }
}

/// The packages that the script templates import. Those of code that a model writes take as long again to import.
const TEMPLATE_IMPORTS: [&str; 8] = [
    "json",
    "numpy",
    "pyarrow",
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.parquet",
    "scipy.special",
    "scipy.stats",
];

fn process_options(interpreter: &Interpreter, warm: bool, launcher: Option<&PathBuf>) -> ProcessOptions {
    let mut options = ProcessOptions {
        warm,
        ..ProcessOptions::new(interpreter)
    };
    if let Some(launcher) = launcher {
        options.launcher.clone_from(launcher);
    }
    options
}

/// Explains that the image of a run is missing. An image that is built again is another one and cannot replace it.
fn explain_missing_image(error: SandboxError) -> SandboxError {
    match error {
        SandboxError::Image(missing) if matches!(*missing, ImageError::Missing { .. }) => SandboxError::Unavailable {
            missing: vec!["the image that this run started in is no longer in the container engine".to_owned()],
            remedy: "restore it (`docker load`), or start a new run".to_owned(),
        },
        other => other,
    }
}

fn docker_options(settings: &Settings, purpose: Purpose) -> DockerOptions {
    let set = &settings.sandbox;
    let mut images = HashMap::new();
    for (language, chosen) in [(Language::Python, &set.image), (Language::R, &set.r_image)] {
        // A run continues in the images that it started in.
        if let Some(image) = purpose.pinned.get(&language.to_string()).or(chosen.as_ref()) {
            images.insert(language, image.clone());
        }
    }
    DockerOptions {
        engine: set.engine.clone(),
        images,
        runtime: set.runtime.clone(),
        run: purpose.run,
        warm: set.warm,
        pool: set.pool as usize,
        patience: set.engine_wait.get(),
        expected: Some(sandbox_limits(settings)),
    }
}

/// The name of the image with the packages that the settings list.
async fn image_with_packages(settings: &Settings, progress: &dyn Progress) -> Result<String, SandboxError> {
    let set = &settings.sandbox;
    let options = BuildOptions {
        packages: set.packages.clone(),
        python: set.python.clone(),
        ..BuildOptions::default()
    };
    let engine = ContainerEngine::connect(set.engine.as_deref()).await?;
    let built = image::build_image(engine.docker(), &options, &|step| report_image_step(progress, &step)).await?;
    Ok(built.image.tag)
}

/// Reports a step of building an image.
pub fn report_image_step(progress: &dyn Progress, step: &image::BuildProgress) {
    let (done, total) = match step {
        image::BuildProgress::Exists { .. } => return,
        image::BuildProgress::Step { number, total, .. } => (*number as u64, Some(*total as u64)),
        _ => (0, None),
    };
    progress.on(ProgressEvent::Preparing {
        what: step.to_string(),
        done,
        total,
    });
}

/// The images that the run with these journal entries started in.
pub fn pinned_images(
    entries: impl IntoIterator<Item = Result<journal::Entry, JournalError>>,
) -> Result<BTreeMap<String, String>, LabError> {
    for entry in entries {
        if let Record::Opened(opening) = entry?.record {
            return Ok(opening.images);
        }
    }
    Ok(BTreeMap::new())
}

/// The limits of the script that reads a data file.
pub(super) fn reader_limits(settings: &Settings) -> ResourceLimits {
    let set = &settings.sandbox.reader;
    ResourceLimits {
        wall: set.wall.get(),
        cpu: set.cpu.get(),
        memory_bytes: set.memory.get(),
        file_bytes: set.file_size.get(),
        workspace_bytes: set.workspace.get(),
        ..sandbox_limits(settings)
    }
}

/// The limits of one experiment.
pub fn sandbox_limits(settings: &Settings) -> ResourceLimits {
    let set = &settings.sandbox;
    ResourceLimits {
        wall: set.wall.get(),
        cpu: set.cpu.get(),
        memory_bytes: set.memory.get(),
        processes: u64::from(set.processes),
        file_bytes: set.file_size.get(),
        workspace_bytes: set.workspace.get(),
        stdout_bytes: set.stdout.get(),
        open_files: u64::from(set.open_files),
        ..ResourceLimits::default()
    }
}
