//! Reads tables in the sandbox and says how, without a run.

use std::{
    fs,
    path::{Path, PathBuf},
};

use kosmos_core::{plain_path::PlainPath, run_dir::RunDir, run_files};
use tokio_util::sync::CancellationToken;

use super::{
    Ground, LabError, Purpose, SandboxSite, codebook,
    parts::pack_tables,
    plan::{plan_dataset, plan_joined},
    preflight,
    site::reader_limits,
};
use crate::{
    actors::{Templates, write_profile_script},
    config::{Resolved, Settings},
    hash::sha256_file,
    message::DatasetPlan,
    progress::Progress,
    sandbox::{Job, JobInput, Language, TemporaryFolder, read_result},
    science::{ExperimentId, Profile},
    study::{Codebook, CodebookTable, codebook::CODEBOOK_VERSION},
    supervisor::StopSignal,
};

/// A table that was read.
#[derive(Debug, Clone)]
pub struct DescribedTable {
    /// The file.
    pub path: PathBuf,
    /// Its entry in a codebook.
    pub codebook: CodebookTable,
    /// Everything that the reader says.
    pub profile: Profile,
}

/// Several tables as one, or the reason why they are none.
#[derive(Debug, Clone)]
pub struct JoinedProfile {
    /// The names of all tables.
    pub name: String,
    /// The reading; its problem says why the tables do not belong together.
    pub profile: Profile,
}

/// Tables that were read.
#[derive(Debug, Clone, Default)]
pub struct DescribedTables {
    /// The tables, in the order in which they were given.
    pub tables: Vec<DescribedTable>,
    /// The tables as one; none of a single table.
    pub joined: Option<JoinedProfile>,
    /// Notes for the user, each as a sentence.
    pub notes: Vec<String>,
}

/// Why a table cannot be described.
#[derive(Debug, thiserror::Error)]
pub enum DescribeError {
    /// The file holds no table that can be read, or the codebook does not fit it.
    #[error("{}: {problem}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// The problem with its remedy.
        problem: String,
    },
    /// A codebook says something that a table contradicts.
    #[error("{0}")]
    Conflict(String),
    /// The reader itself failed.
    #[error("{}: the reader {failure}", path.display())]
    Reader {
        /// The file.
        path: PathBuf,
        /// How it ended.
        failure: String,
    },
}

impl DescribeError {
    /// The remedy; a table's problem holds its own.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Table { .. } => None,
            Self::Conflict(_) => Some("correct the codebook, or leave that entry out"),
            Self::Reader { .. } => {
                Some("raise the limits, such as --set sandbox.memory=4GiB or --set sandbox.wall=10m")
            }
        }
    }
}

impl DescribedTables {
    /// The codebook of all tables.
    pub fn to_codebook(&self) -> Codebook {
        Codebook {
            version: CODEBOOK_VERSION,
            tables: self.tables.iter().map(|table| table.codebook.clone()).collect(),
        }
    }
}

/// Reads the tables that the settings name as a run would, in the sandbox, and leaves nothing behind. Blocks
/// the thread.
///
/// # Errors
/// When the settings or a codebook are wrong, a file is no table, or the sandbox is missing;
/// [`SandboxError::Cancelled`](crate::sandbox::SandboxError::Cancelled) if the user interrupts it.
pub fn describe_tables(mut resolved: Resolved, progress: &dyn Progress) -> Result<DescribedTables, LabError> {
    preflight::check_tables(&resolved).map_err(Box::new)?;
    let notes = codebook::adopt_code_lists(&mut resolved).map_err(Box::new)?;
    let templates = Templates::load_shipped()?;
    let ground = Ground::prepare(&resolved.settings, progress)?;
    let stop = StopSignal::default();
    let (plans, given, profiles, joined) = actix::System::new().block_on(async {
        // Before anything is made that an interrupt could leave behind.
        let mut asked = stop.subscribe();
        stop.listen_to_signals();
        let scratch = TemporaryFolder::create("data").map_err(LabError::io("create", std::env::temp_dir()))?;
        let given: Vec<PathBuf> = resolved
            .settings
            .data
            .iter()
            .map(|source| source.path.clone())
            .collect();
        pack_tables(&mut resolved, &scratch.path().join("tables"))?;
        let settings = &resolved.settings;
        let plans = plan_tables(settings)?;
        let purpose = Purpose {
            reads_only: true,
            ..Purpose::default()
        };
        let site = SandboxSite::start(settings, &ground, purpose, progress).await?;
        let cancel = CancellationToken::new();
        let reader = Reader {
            site: &site,
            settings,
            templates: &templates,
            scratch: scratch.path(),
            cancel: &cancel,
        };
        let read: Result<(Vec<Profile>, Option<JoinedProfile>), LabError> = {
            let reading = async {
                let mut profiles = Vec::new();
                for (plan, given) in plans.iter().zip(&given) {
                    profiles.push(reader.read_table(plan, given).await?);
                }
                let joined = match plan_joined(&plans, &settings.join) {
                    Some(plan) => Some(JoinedProfile {
                        profile: reader.read_profile(&plan, Path::new(&plan.name)).await?,
                        name: plan.name,
                    }),
                    None => None,
                };
                Ok::<_, LabError>((profiles, joined))
            };
            tokio::pin!(reading);
            tokio::select! {
                read = &mut reading => read,
                _ = asked.changed() => {
                    cancel.cancel();
                    reading.await
                }
            }
        };
        site.sandbox.close().await;
        let (profiles, joined) = read?;
        Ok::<_, LabError>((plans, given, profiles, joined))
    })?;
    let tables = describe_all(&plans, given, profiles)?;
    Ok(DescribedTables { tables, joined, notes })
}

fn plan_tables(settings: &Settings) -> Result<Vec<DatasetPlan>, LabError> {
    let codebooks = codebook::load_codebooks(&settings.data).map_err(Box::new)?;
    let mut plans = Vec::new();
    for (source, declared) in settings.data.iter().zip(codebooks) {
        let path = &source.path;
        let sha256 = sha256_file(path).map_err(LabError::io("read", path))?;
        let bytes = fs::metadata(path).map_err(LabError::io("read", path))?.len();
        plans.push(plan_dataset(source, sha256, bytes, declared));
    }
    Ok(plans)
}

/// The tables with what was read of each; the error is the first that a codebook does not fit.
fn describe_all(
    plans: &[DatasetPlan],
    given: Vec<PathBuf>,
    profiles: Vec<Profile>,
) -> Result<Vec<DescribedTable>, LabError> {
    let elsewhere = |column: &str| profiles.iter().any(|profile| profile.column_named(column).is_some());
    for (plan, profile) in plans.iter().zip(&profiles) {
        let declared = plan.declared.as_ref();
        let conflict = declared.and_then(|declared| declared.find_conflict(&profile.declared_columns(), elsewhere));
        if let Some(conflict) = conflict {
            return Err(DescribeError::Conflict(conflict.to_string()).into());
        }
    }
    let describe = |((plan, path), profile): ((&DatasetPlan, PathBuf), Profile)| {
        let file = plan.path.file_name().unwrap_or_default().to_string_lossy();
        DescribedTable {
            path,
            codebook: profile.to_codebook(&plan.name, &file, &plan.sha256),
            profile,
        }
    };
    Ok(plans.iter().zip(given).zip(profiles).map(describe).collect())
}

/// Reads tables one after another.
struct Reader<'a> {
    site: &'a SandboxSite,
    settings: &'a Settings,
    templates: &'a Templates,
    scratch: &'a Path,
    cancel: &'a CancellationToken,
}

impl Reader<'_> {
    /// Reads a table, which must have columns.
    async fn read_table(&self, plan: &DatasetPlan, given: &Path) -> Result<Profile, LabError> {
        let profile = self.read_profile(plan, given).await?;
        match &profile.problem {
            // A table that was read can be shown, even if it cannot be analysed.
            Some(problem) if profile.columns.is_empty() => Err(DescribeError::Table {
                path: given.to_owned(),
                problem: problem.message.clone(),
            }
            .into()),
            _ => Ok(profile),
        }
    }

    /// `given` is the path that the user named.
    async fn read_profile(&self, plan: &DatasetPlan, given: &Path) -> Result<Profile, LabError> {
        let (protocol, script) = write_profile_script(self.templates, plan, self.settings.seed)?;
        let id = ExperimentId::derive(&script);
        let workspace = self.scratch.join(id.as_str());
        // Two files of the same content have the same script.
        let folder = fs::create_dir_all(&workspace)
            .and_then(|()| fs::write(workspace.join(run_files::SCRIPT), &script))
            .and_then(|()| RunDir::open(&workspace))
            .map_err(LabError::io("create", &workspace))?;
        let inputs = protocol.inputs.iter().map(|input| JobInput {
            host: input.path_from(self.scratch),
            inside: input.inside.as_path().to_owned(),
        });
        let job = Job {
            key: format!("data-{id}"),
            experiment: id.to_string(),
            workspace: workspace.clone(),
            inputs: inputs.collect(),
            script: run_files::SCRIPT.to_owned(),
            language: Language::Python,
            limits: reader_limits(self.settings),
        };
        let execution = self.site.sandbox.run(job, self.cancel.clone()).await?;
        let path = given.to_owned();
        let failed = |failure: String| LabError::from(DescribeError::Reader { path, failure });
        if !execution.outcome.is_ok() {
            return Err(failed(execution.outcome.to_string()));
        }
        let result = read_result(&folder, &PlainPath::of(run_files::RESULT));
        let profile = result.map_err(|fault| fault.to_string()).and_then(|bytes| {
            serde_json::from_slice::<Profile>(&bytes).map_err(|error| format!("gave no profile: {error}"))
        });
        profile.map_err(failed)
    }
}
