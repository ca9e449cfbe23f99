use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use clap::Args;
use kosmos_core::{run_dir::RunDir, run_files::RESULT};
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{CliError, Console, Exit, Globals, SettingsArgs, output, stderr},
    config::{ByteSize, Environment},
    lab::{Ground, LabError, Purpose, SandboxSite, sandbox_limits},
    progress::printable,
    sandbox::{
        Caps, Captured, CollectedFile, Execution, Job, JobInput, Language, LimitError, Outcome, Refused,
        ResourceLimits, ResultFault, SandboxError, TemporaryFolder, Usage, collect_artefacts, list_risky_lines,
        parse_result,
    },
    supervisor::StopSignal,
};

use super::BackendArg;

/// `kosmos sandbox exec`: runs one script.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExecArgs {
    /// Script to run
    #[arg(value_name = "SCRIPT")]
    pub script: PathBuf,

    /// Backend to run it in [default: the setting sandbox.backend]
    #[arg(long, value_enum)]
    pub backend: Option<BackendArg>,

    /// Language of the script [default: r if its name ends in `.R`, else python]
    #[arg(long, value_name = "python|r")]
    pub language: Option<Language>,

    /// File that the script can read as data/NAME; repeatable
    #[arg(long, value_name = "FILE")]
    pub data: Vec<PathBuf>,

    /// Change one limit, such as wall=8s or memory=512MiB; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub limit: Vec<String>,

    /// New or empty folder for the files that the script writes [default: they are listed and not kept]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Print the script's output as it is; without it, what a terminal would obey is replaced
    #[arg(long)]
    pub raw: bool,

    /// Changes to the settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

pub(super) const LONG_ABOUT: &str = "\
Run one script in the sandbox and print its outcome.

The script runs like an experiment of a run: without a network, with read access only to the files that --data \
names (as data/NAME), and with write access only to its own folder and /tmp. Its output is \
printed, without what a terminal would obey; --raw prints it as it is, --json gives its typed outcome, its resource usage, its output and the files that it wrote.

Limits are wall, cpu, memory, processes, file, workspace, workspace_files, stdout, tmp and open_files. Exits \
with 0 if the script succeeded, and with 4 if it failed.";

const EXAMPLES: &str = "\
Examples:
  kosmos sandbox exec analysis.py --data penguins.csv
  kosmos sandbox exec --backend docker --limit wall=8s --limit memory=1GiB analysis.py --json
  kosmos sandbox exec --backend docker model.R --data penguins.csv --out results";

/// The outcome of the script.
#[derive(Serialize)]
struct Report {
    backend: &'static str,
    language: Language,
    outcome: Outcome,
    usage: Usage,
    /// The memory limit ended at least one process.
    oom: bool,
    process_limit_hit: bool,
    stdout: Captured,
    stderr: Captured,
    /// Regular files that it wrote.
    files: Vec<CollectedFile>,
    /// Other things that it left, and why they are not kept.
    refused: Vec<Refused>,
    /// `result.json`, if it wrote valid JSON there.
    result: Option<Value>,
    /// Why its `result.json` is not shown, if it wrote one.
    #[serde(skip_serializing_if = "Option::is_none")]
    result_fault: Option<String>,
    /// Hints from reading the script; they decide nothing.
    advice: Vec<String>,
}

/// Why a script could not be run.
#[derive(Debug, thiserror::Error)]
enum ExecError {
    #[error("cannot read {what} {}", path.display())]
    Unreadable {
        what: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("--limit `{given}` is not of the form KEY=VALUE")]
    LimitForm { given: String },
    #[error("cannot set the limit `{given}`")]
    Limit { given: String, source: LimitError },
    #[error("two data files are named {0}")]
    SameName(String),
    #[error("the folder {} is not empty", .0.display())]
    NotEmpty(PathBuf),
    #[error("cannot write to {}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

impl ExecError {
    /// The remedy.
    fn help(&self) -> String {
        let help = match self {
            Self::Unreadable { .. } => "check the path, which is relative to the working folder",
            Self::LimitForm { .. } => "for example --limit wall=8s",
            Self::Limit { source, .. } => return source.help(),
            Self::SameName(_) => "rename one of them",
            Self::NotEmpty(_) => "name a new or empty folder with --out",
            Self::Write { .. } => "check that the folder can be written to",
        };
        help.to_owned()
    }
}

const EXPERIMENT: &str = "exec";
/// The folder of data files, relative to the script, and the name of the link to it.
const DATA: (&str, &str) = ("../../data", "data");

/// Runs the command.
pub(super) fn execute_exec(args: &ExecArgs, globals: &Globals) -> Result<Exit, CliError> {
    let backend = args.backend.map(Into::into);
    let resolved = args.settings.resolve_for_backend(backend, Environment::of_process()?)?;
    let settings = &resolved.settings;
    let console = Console::start(&settings.log, globals)?;
    let usage = |error: ExecError| {
        let help = error.help();
        CliError::from_usage(error, help)
    };
    let scene = Scene::set_up(args).map_err(usage)?;
    let mut job = scene.make_job(args);
    job.limits = sandbox_limits(settings);
    set_limits(&mut job.limits, &args.limit).map_err(usage)?;
    let language = job.language;
    let ground = Ground::prepare(settings, console.progress.as_ref())?;
    let stop = StopSignal::default();
    let work = async {
        let site = SandboxSite::start(settings, &ground, Purpose::default(), console.progress.as_ref()).await?;
        stop.listen_to_signals();
        let mut asked = stop.subscribe();
        let cancel = CancellationToken::new();
        let running = site.sandbox.run(job, cancel.clone());
        tokio::pin!(running);
        let ended = tokio::select! {
            ended = &mut running => ended,
            _ = asked.changed() => {
                cancel.cancel();
                running.await
            }
        };
        site.sandbox.close().await;
        ended.map_err(LabError::from)
    };
    let execution = match actix::System::new().block_on(work) {
        Ok(execution) => execution,
        Err(LabError::Sandbox(SandboxError::Cancelled)) => return Ok(Exit::Interrupted),
        Err(error) => return Err(CliError::from(error)),
    };
    let report = scene.collect_report(settings.sandbox.backend.name(), language, execution)?;
    if let Some(out) = &args.out {
        keep_files(&scene.workspace, out, &report.files).map_err(usage)?;
    }
    print_report(&report, args.raw, globals)?;
    Ok(if report.outcome.is_ok() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn set_limits(limits: &mut ResourceLimits, given: &[String]) -> Result<(), ExecError> {
    for given in given {
        let given = given.clone();
        let Some((key, value)) = given.split_once('=') else {
            return Err(ExecError::LimitForm { given });
        };
        limits.set(key, value).map_err(|source| ExecError::Limit {
            given: given.clone(),
            source,
        })?;
    }
    Ok(())
}

/// A temporary folder with the script in it.
struct Scene {
    // Removed with it.
    _folder: TemporaryFolder,
    workspace: PathBuf,
    script: String,
    text: String,
    inputs: Vec<JobInput>,
}

impl Scene {
    fn set_up(args: &ExecArgs) -> Result<Self, ExecError> {
        let script = fs::read(&args.script).map_err(|source| ExecError::Unreadable {
            what: "the script",
            path: args.script.clone(),
            source,
        })?;
        if let Some(out) = &args.out
            && fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some())
        {
            return Err(ExecError::NotEmpty(out.clone()));
        }
        let mut inputs: Vec<JobInput> = Vec::new();
        for path in &args.data {
            // One byte shows that it can be read; the rest is for the script.
            let opened = fs::File::open(path).and_then(|mut file| file.read(&mut [0]));
            opened.map_err(|source| ExecError::Unreadable {
                what: "the data file",
                path: path.clone(),
                source,
            })?;
            let inside = Path::new("data").join(path.file_name().unwrap_or_default());
            if inputs.iter().any(|input| input.inside == inside) {
                return Err(ExecError::SameName(inside.display().to_string()));
            }
            inputs.push(JobInput {
                host: path.clone(),
                inside,
            });
        }
        let text = String::from_utf8_lossy(&script).into_owned();
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| ExecError::Write { path, source }
        };
        let folder = TemporaryFolder::create(EXPERIMENT).map_err(failed(&std::env::temp_dir()))?;
        let workspace = folder.path().join(EXPERIMENT);
        let name = file_name(&args.script);
        let made = fs::create_dir_all(&workspace)
            .and_then(|()| fs::write(workspace.join(&name), script))
            .and_then(|()| {
                if inputs.is_empty() {
                    Ok(())
                } else {
                    link_data(&workspace)
                }
            });
        made.map_err(failed(folder.path()))?;
        Ok(Self {
            _folder: folder,
            workspace,
            script: name,
            text,
            inputs,
        })
    }

    fn make_job(&self, args: &ExecArgs) -> Job {
        let is_r = args
            .script
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("r"));
        let guessed = if is_r { Language::R } else { Language::Python };
        Job {
            key: EXPERIMENT.to_owned(),
            experiment: EXPERIMENT.to_owned(),
            workspace: self.workspace.clone(),
            inputs: self.inputs.clone(),
            script: self.script.clone(),
            language: args.language.unwrap_or(guessed),
            limits: Default::default(),
        }
    }

    /// Collects the files that the script left, without those that were put there for it.
    fn collect_report(
        &self,
        backend: &'static str,
        language: Language,
        execution: Execution,
    ) -> Result<Report, CliError> {
        let ours = self.workspace.join(DATA.1);
        if fs::read_link(&ours).is_ok_and(|target| target == Path::new(DATA.0)) {
            // If it cannot be removed, it is listed among the files that are not kept.
            let _ = fs::remove_file(&ours);
        }
        let collected = collect_artefacts(&self.workspace, &Caps::default()).map_err(CliError::from_failure)?;
        let files: Vec<CollectedFile> = collected
            .artefacts
            .into_iter()
            .filter(|file| file.name.as_str() != self.script)
            .collect();
        let result =
            files
                .iter()
                .find(|file| file.name.as_str() == RESULT)
                .map(|file| match RunDir::open(&self.workspace) {
                    Ok(folder) => parse_result(&folder, &file.name),
                    Err(error) => Err(ResultFault::Unreadable(error)),
                });
        let (result, result_fault) = match result {
            Some(Ok(result)) => (Some(result), None),
            Some(Err(fault)) => (None, Some(fault.to_string())),
            None => (None, None),
        };
        let refused = execution.refused.into_iter().chain(collected.refused);
        Ok(Report {
            backend,
            language,
            outcome: execution.outcome,
            usage: execution.usage,
            oom: execution.oom,
            process_limit_hit: execution.process_limit_hit,
            stdout: execution.stdout,
            stderr: execution.stderr,
            files,
            refused: refused
                .filter(|refused| refused.name != DATA.1 || self.inputs.is_empty())
                .collect(),
            result,
            result_fault,
            advice: list_risky_lines(&self.text, language),
        })
    }
}

/// A name that no shell or interpreter can misread.
fn file_name(script: &Path) -> String {
    let name = script.file_name().unwrap_or_default().to_string_lossy();
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if plain && !name.starts_with(['-', '.']) {
        name.into_owned()
    } else {
        "script".to_owned()
    }
}

fn link_data(workspace: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    std::os::unix::fs::symlink(DATA.0, workspace.join(DATA.1))?;
    Ok(())
}

fn keep_files(workspace: &Path, out: &Path, files: &[CollectedFile]) -> Result<(), ExecError> {
    for file in files {
        let target = out.join(file.name.as_path());
        let copied = target
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::copy(workspace.join(file.name.as_path()), &target));
        copied.map_err(|source| ExecError::Write { path: target, source })?;
    }
    Ok(())
}

fn print_report(report: &Report, raw: bool, globals: &Globals) -> Result<(), CliError> {
    if globals.json {
        return output::print_json(report);
    }
    // The script may have written anything, also what moves the cursor or sets the clipboard.
    match raw {
        true => {
            output::print_verbatim(&report.stdout.text)?;
            stderr::write_styled_to_stderr(&report.stderr.text);
        }
        false => {
            output::print_text(&report.stdout.text)?;
            stderr::write_to_stderr(&report.stderr.text);
        }
    }
    if globals.quiet {
        return Ok(());
    }
    let usage = &report.usage;
    let mut told = format!(
        "the script {} ({:.2} s, {:.2} s of CPU time, {})\n",
        report.outcome,
        usage.wall_ms as f64 / 1000.0,
        usage.cpu_ms as f64 / 1000.0,
        ByteSize::new(usage.peak_memory_bytes),
    );
    for advice in &report.advice {
        told.push_str(&format!("hint: {advice}\n"));
    }
    if let Some(fault) = &report.result_fault {
        told.push_str(&format!("note: {fault}\n"));
    }
    for file in &report.files {
        told.push_str(&format!(
            "wrote {} ({})\n",
            printable(file.name.as_str()),
            ByteSize::new(file.bytes)
        ));
    }
    for refused in &report.refused {
        told.push_str(&format!("not kept: {}: {}\n", printable(&refused.name), refused.reason));
    }
    stderr::write_to_stderr(&told);
    Ok(())
}
