//! Prepares a run: resolves its settings and checks everything that it needs.

use std::path::{Path, PathBuf};

use super::{Lab, LabError, RunFolder, codebook, folder::graph_folder_beside, parts::pack_tables, preflight, trust};
use crate::{
    config::{Environment, Request, Resolved},
    plugin::{AgentCatalogue, Grants, PluginError, Roster, SearchPath, make_paths_absolute},
};

/// Everything that a run needs before it can start, checked.
#[derive(Clone)]
pub struct PreparedRun {
    /// The settings in force.
    pub resolved: Resolved,
    /// The question and the tables.
    pub inputs: preflight::RunInputs,
    /// The agents that take part.
    pub roster: Roster,
    /// Notes on how the inputs were taken, each as a sentence.
    pub notes: Vec<String>,
}

impl Lab {
    /// Resolves the settings of `request` and checks them, the inputs and the agents. Agents are looked for in
    /// `agents_dirs` first; those that are not shipped must be named, and need a grant for more than messages. Nothing
    /// is written.
    ///
    /// # Errors
    /// The first thing that a run could not start with.
    pub fn prepare(request: Request, agents_dirs: &[PathBuf]) -> Result<PreparedRun, LabError> {
        let (environment, run_file) = (request.environment.clone(), request.run_file.clone());
        let mut resolved = request.resolve().map_err(Box::new)?;
        check_challenge_share(&resolved, &environment)?;
        preflight::check_inputs(&resolved).map_err(Box::new)?;
        let notes = codebook::adopt_code_lists(&mut resolved).map_err(Box::new)?;
        let inputs = preflight::check_inputs(&resolved).map_err(Box::new)?;
        codebook::load_codebooks(&resolved.settings.data).map_err(Box::new)?;
        let path = SearchPath::default_folders(agents_dirs, run_file.as_deref(), &environment);
        let catalogue = AgentCatalogue::search_folders(&path)?;
        make_paths_absolute(&catalogue, &mut resolved, environment.working_folder())?;
        let roster = Roster::choose_agents(&catalogue, &resolved, &environment)?;
        roster.check_grants(&Grants::load(&environment)?)?;
        roster.check_requirements(&resolved.settings)?;
        Ok(PreparedRun {
            resolved,
            inputs,
            roster,
            notes,
        })
    }
}

/// Checks that a run file does not let one agent take down more findings than usual: it may be another's.
fn check_challenge_share(resolved: &Resolved, environment: &Environment) -> Result<(), LabError> {
    let share = resolved.settings.research.challenge_share;
    let usual = Request::default()
        .resolve()
        .map_err(Box::new)?
        .settings
        .research
        .challenge_share;
    match resolved.origins.get("research.challenge_share") {
        Some(origin) if share > usual && !origin.is_users_own(environment) => Err(PluginError::Share {
            share,
            usual,
            origin: origin.clone(),
        }
        .into()),
        _ => Ok(()),
    }
}

impl PreparedRun {
    /// Makes the run's folder under `runs`, with its settings and a copy of its agents, completely or not at all.
    ///
    /// # Errors
    /// When the run would read from a graph that came from elsewhere, an agent's files cannot be read, or the folder
    /// cannot be written.
    pub fn create_folder(&self, runs: &Path) -> Result<RunFolder, LabError> {
        trust::check_graph_for_run(&self.resolved.settings, &self.roster, &graph_folder_beside(runs))?;
        let mut resolved = self.resolved.clone();
        pack_tables(&mut resolved, &runs.with_file_name("tables"))?;
        RunFolder::create_with(runs, &resolved, &self.roster)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{config::Overrides, lab::PreflightError};

    fn request(desk: &Path, data: &[PathBuf]) -> Request {
        let nothing: [(&str, &str); 0] = [];
        let mut overrides = Overrides::default();
        overrides.add_text("--question", "question", " why? ").unwrap();
        overrides.add_data(data).unwrap();
        Request {
            environment: Environment::new(nothing, desk),
            overrides,
            ..Request::default()
        }
    }

    #[test]
    fn inputs_are_checked_before_a_folder_is_made() {
        let desk = tempfile::tempdir().unwrap();
        let missing = match Lab::prepare(request(desk.path(), &[]), &[]) {
            Err(LabError::Preflight(error)) => error,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("prepared without data"),
        };
        assert!(matches!(*missing, PreflightError::NoData), "{missing}");

        fs::write(desk.path().join("a.csv"), "x,y\n1,2\n").unwrap();
        let prepared =
            Lab::prepare(request(desk.path(), &["a.csv".into()]), &[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(prepared.inputs.question, "why?");
        let runs = desk.path().join("runs");
        assert!(!runs.exists());
        let folder = prepared.create_folder(&runs).unwrap();
        assert!(folder.id().as_str().starts_with("a-"), "{}", folder.id());
    }
}
