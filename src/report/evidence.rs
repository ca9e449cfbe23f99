//! The artefacts of a run, as the judge of what may be shown.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;

use kosmos_core::{plain_path::PlainPath, run_dir::RunDir, run_files};
use serde_json::Value;

use super::answer::{read_question, reasons_of_question};
use super::citation::{Citation, Cited, Drawn, EvidencePlace, FigureFile, LedgerCount, Picture, Shown};
use super::dossier::Dossier;
use super::error::ReportError;
use super::name::Name;
use super::number::Number;
use super::scalars::{Scalar, Scalars};
use crate::graph::{Ink, VisibleWords};
use crate::science::{ExperimentId, ExperimentRecord, HypothesisId, LedgerLine, sha256_hex};

/// The event of a ledger line that holds a verdict.
pub(crate) const JUDGED: &str = "judged";

/// A run's folder beside the run's record.
///
/// It holds the two against each other: results and scripts by their hashes, the ledger line by line, every number by
/// its value. It computes no statistics.
pub(crate) struct EvidenceChecker<'d> {
    run_dir: RunDir,
    dossier: &'d Dossier,
    record: Value,
    strings: HashSet<String>,
    experiments: HashMap<&'d str, &'d ExperimentRecord>,
    results: HashMap<ExperimentId, Scalars>,
    verdicts: HashMap<HypothesisId, usize>,
}

impl<'d> EvidenceChecker<'d> {
    /// Opens a run's folder.
    ///
    /// # Errors
    /// `ledger.jsonl` is missing, or is not the ledger of the dossier.
    pub(crate) fn open(run_dir: &RunDir, dossier: &'d Dossier) -> Result<Self, ReportError> {
        check_ledger(run_dir, dossier)?;
        let record = serde_json::to_value(dossier)?;
        let mut strings = HashSet::new();
        collect_strings(&record, &mut strings);
        if let Some(inquiry) = read_question(dossier) {
            // What `findings.json` says of the question follows from the question and the tables alone.
            let reasons = reasons_of_question(dossier, Some(&inquiry));
            strings.extend(reasons.into_iter().map(|reason| reason.text));
            strings.insert(inquiry.read_as);
        }
        let judged = dossier
            .ledger
            .iter()
            .enumerate()
            .filter(|(_, line)| line.event == JUDGED);
        let verdicts = judged
            .filter_map(|(at, line)| Some((line.hypothesis.clone()?, at)))
            .collect();
        Ok(Self {
            run_dir: run_dir.clone(),
            dossier,
            record,
            strings,
            experiments: dossier
                .experiments
                .iter()
                .map(|experiment| (experiment.id.as_str(), experiment))
                .collect(),
            results: HashMap::new(),
            verdicts,
        })
    }

    /// The number, if its evidence holds it.
    ///
    /// # Errors
    /// The evidence is missing, was changed, or holds something else.
    pub(crate) fn check_number(&mut self, cited: &Cited, place: &str) -> Result<Shown, ReportError> {
        match &cited.citation {
            Citation::Result {
                experiment,
                pointer,
                or,
            } => {
                let first = self.check_result_number(cited, experiment, pointer, place);
                match (first, or) {
                    (Err(first @ ReportError::NumberDiffers { .. }), Some(other)) => self
                        .check_result_number(cited, experiment, other, place)
                        .map_err(|_| first),
                    (first, _) => first,
                }
            }
            Citation::Verdict { hypothesis } => self.check_verdict_number(cited, hypothesis, place),
            Citation::LedgerCount(count) => {
                self.check_file_exists(run_files::LEDGER, place)?;
                let found = self.count_ledger_lines(count);
                let found_at = EvidencePlace::LedgerCount(count.clone());
                show_if_equal(cited, Some(found.into()), run_files::LEDGER.to_owned(), found_at, place)
            }
            Citation::Record { pointer, file } => {
                self.check_file_exists(file.file_name(), place)?;
                let found = match self.record.pointer(pointer) {
                    Some(Value::Number(number)) => Number::from_json(number),
                    Some(Value::Array(list)) => Some((list.len() as u64).into()),
                    _ => None,
                };
                let found_at = EvidencePlace::Record {
                    pointer: pointer.clone(),
                    file: *file,
                };
                show_if_equal(cited, found, file.file_name().to_owned(), found_at, place)
            }
            Citation::Replicated => {
                let tests = self.dossier.tests.iter();
                let found = tests
                    .filter(|test| test.is_finding() && test.replicated == Some(true))
                    .count() as u64;
                let file = run_files::FINDINGS.to_owned();
                show_if_equal(cited, Some(found.into()), file, EvidencePlace::Replicated, place)
            }
        }
    }

    /// The figure, if it is the one that the experiment left.
    ///
    /// # Errors
    /// The file is missing, was changed, or is none of the experiment's.
    pub(crate) fn check_picture(&self, figure: &FigureFile, place: &str) -> Result<Picture, ReportError> {
        let record = self.find_experiment(&figure.experiment, place)?;
        let artefact = record
            .artefacts
            .iter()
            .find(|artefact| artefact.path.as_str() == figure.file);
        let recorded = artefact.ok_or_else(|| unknown_experiment(&figure.experiment, place))?;
        check_path_below_folder(&figure.file)?;
        let inside = figure.experiment.folder().join_path(&recorded.path);
        let bytes = self.read_checked(&inside, &recorded.sha256, place)?;
        Ok(Picture {
            href: inside.to_string(),
            bytes,
            alt: self.check_name(&Name::new(&*figure.alt), place)?,
        })
    }

    /// The name, if it has no digits or is a string of the record.
    ///
    /// # Errors
    /// It has digits and the record does not hold it.
    pub(crate) fn check_name(&self, name: &Name, place: &str) -> Result<Name, ReportError> {
        if name.raw().chars().any(char::is_numeric) && !self.strings.contains(name.raw()) {
            return Err(ReportError::UnknownName {
                place: place.to_owned(),
                name: name.raw().to_owned(),
            });
        }
        Ok(name.clone())
    }

    /// The drawing, if its own words have no digits and its names are the record's.
    ///
    /// # Errors
    /// One of them is not.
    pub(crate) fn check_drawing(&self, ink: &Ink, place: &str) -> Result<Drawn, ReportError> {
        for words in ink.visible_words() {
            match words {
                VisibleWords::Ours(text) if text.chars().any(char::is_numeric) => {
                    return Err(ReportError::DigitInProse {
                        place: place.to_owned(),
                        text: text.to_owned(),
                    });
                }
                VisibleWords::Ours(_) => {}
                VisibleWords::Name(name) => drop(self.check_name(&Name::new(name), place)?),
            }
        }
        Ok(Drawn::checked(ink.to_element()))
    }

    /// The hash of an experiment's script, if the file has the recorded one.
    ///
    /// # Errors
    /// The file is missing or was changed.
    pub(crate) fn check_script(&self, experiment: &ExperimentId, sha256: &str, place: &str) -> Result<(), ReportError> {
        self.read_checked(&experiment.file(run_files::SCRIPT), sha256, place)
            .map(drop)
    }

    /// The hash of an experiment's result, if the file has the recorded one.
    ///
    /// # Errors
    /// The file is missing or was changed.
    pub(crate) fn check_result(&self, experiment: &ExperimentId, sha256: &str, place: &str) -> Result<(), ReportError> {
        self.read_checked(&experiment.file(run_files::RESULT), sha256, place)
            .map(drop)
    }

    /// The ledger line that holds a hypothesis's verdict.
    pub(crate) fn find_verdict(&self, hypothesis: &HypothesisId) -> Option<&'d LedgerLine> {
        self.verdicts
            .get(hypothesis)
            .and_then(|&at| self.dossier.ledger.get(at))
    }

    /// The record of an experiment that is cited.
    ///
    /// # Errors
    /// The run lists none.
    pub(crate) fn find_experiment(&self, id: &ExperimentId, place: &str) -> Result<&'d ExperimentRecord, ReportError> {
        self.experiments
            .get(id.as_str())
            .copied()
            .ok_or_else(|| unknown_experiment(id, place))
    }

    fn check_result_number(
        &mut self,
        cited: &Cited,
        experiment: &ExperimentId,
        pointer: &str,
        place: &str,
    ) -> Result<Shown, ReportError> {
        let inside = experiment.file(run_files::RESULT);
        if !self.results.contains_key(experiment) {
            let record = self.find_experiment(experiment, place)?;
            let recorded = record
                .result_sha256
                .as_deref()
                .ok_or_else(|| unknown_experiment(experiment, place))?;
            let bytes = self.read_checked(&inside, recorded, place)?;
            let scalars =
                Scalars::read_json(&String::from_utf8_lossy(&bytes)).map_err(|source| ReportError::NotJson {
                    path: self.run_dir.place_of(&inside),
                    source,
                })?;
            self.results.insert(experiment.clone(), scalars);
        }
        let scalar = self.results.get(experiment).and_then(|scalars| scalars.get(pointer));
        let Scalar { line, number } = scalar.unwrap_or(Scalar { line: 1, number: None });
        let found_at = EvidencePlace::Result {
            experiment: experiment.clone(),
            line,
            pointer: pointer.to_owned(),
        };
        show_if_equal(cited, number, format!("{inside}#L{line}"), found_at, place)
    }

    fn check_verdict_number(
        &self,
        cited: &Cited,
        hypothesis: &HypothesisId,
        place: &str,
    ) -> Result<Shown, ReportError> {
        let line = self.verdicts.get(hypothesis).map_or(0, |at| at + 1);
        let found = self.find_verdict(hypothesis).and_then(|line| line.q).map(Number::from);
        let found_at = EvidencePlace::Verdict {
            line,
            hypothesis: hypothesis.clone(),
        };
        show_if_equal(cited, found, format!("{}#L{line}", run_files::LEDGER), found_at, place)
    }

    /// A file of the run's folder that a reader is led to.
    fn check_file_exists(&self, name: &'static str, place: &str) -> Result<(), ReportError> {
        let inside = PlainPath::of(name);
        match self.run_dir.has_file(&inside) {
            true => Ok(()),
            false => Err(missing_file(
                self.run_dir.place_of(&inside),
                place,
                io::ErrorKind::NotFound.into(),
            )),
        }
    }

    fn count_ledger_lines(&self, count: &LedgerCount) -> u64 {
        let lines = self.dossier.ledger.iter().filter(|line| {
            line.event == count.event
                && line.arm == count.arm
                && count.cycle.is_none_or(|cycle| line.cycle == cycle)
                && count.tier.is_none_or(|tier| line.tier.unwrap_or_default() == tier)
                && (!count.significant || line.significant == Some(true))
        });
        lines.count() as u64
    }

    /// A file of the run's folder that must have the recorded hash.
    fn read_checked(&self, inside: &PlainPath, recorded: &str, place: &str) -> Result<Vec<u8>, ReportError> {
        let path = self.run_dir.place_of(inside);
        let read = self.run_dir.read(inside, run_files::BLOB_BYTES);
        let bytes = read.map_err(|source| missing_file(path.clone(), place, source))?;
        let found = sha256_hex(&bytes);
        if found == recorded {
            return Ok(bytes);
        }
        Err(ReportError::HashDiffers {
            place: place.to_owned(),
            path,
            recorded: recorded.to_owned(),
            found,
        })
    }
}

/// The ledger on disk must be the dossier's, line for line.
fn check_ledger(run_dir: &RunDir, dossier: &Dossier) -> Result<(), ReportError> {
    let inside = PlainPath::of(run_files::LEDGER);
    let text = match run_dir.read_text(&inside, run_files::TEXT_BYTES) {
        Ok(text) => text,
        Err(_) if dossier.ledger.is_empty() => return Ok(()),
        Err(source) => return Err(missing_file(run_dir.place_of(&inside), "ledger", source)),
    };
    let mut lines = text.lines();
    for (at, recorded) in dossier.ledger.iter().enumerate() {
        let found: Option<LedgerLine> = lines.next().and_then(|line| serde_json::from_str(line).ok());
        if found.as_ref() != Some(recorded) {
            return Err(ReportError::LedgerDiffers { line: at + 1 });
        }
    }
    match lines.next() {
        Some(_) => Err(ReportError::LedgerDiffers {
            line: dossier.ledger.len() + 1,
        }),
        None => Ok(()),
    }
}

fn show_if_equal(
    cited: &Cited,
    found: Option<Number>,
    href: String,
    found_at: EvidencePlace,
    place: &str,
) -> Result<Shown, ReportError> {
    let (place, shown) = (place.to_owned(), cited.number.exact_text());
    match found {
        Some(found) if found == cited.number => Ok(Shown::found(cited, href, found_at)),
        Some(found) => Err(ReportError::NumberDiffers {
            place,
            shown,
            cited: found_at.to_string(),
            found: found.exact_text(),
        }),
        None => Err(ReportError::NoNumber {
            place,
            shown,
            cited: found_at.to_string(),
        }),
    }
}

fn missing_file(path: PathBuf, place: &str, source: io::Error) -> ReportError {
    ReportError::Missing {
        place: place.to_owned(),
        path,
        source,
    }
}

fn unknown_experiment(experiment: &ExperimentId, place: &str) -> ReportError {
    ReportError::UnknownExperiment {
        place: place.to_owned(),
        experiment: experiment.to_string(),
    }
}

/// Checks a path that the report shows as a link: below a folder, and of letters that need no escaping.
fn check_path_below_folder(path: &str) -> Result<(), ReportError> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let safe = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain);
    match path.split('/').all(safe) {
        true => Ok(()),
        false => Err(ReportError::UnsafePath { path: path.to_owned() }),
    }
}

fn collect_strings(value: &Value, into: &mut HashSet<String>) {
    match value {
        Value::String(string) => {
            into.insert(string.clone());
        }
        Value::Array(list) => list.iter().for_each(|value| collect_strings(value, into)),
        Value::Object(object) => {
            for (key, value) in object {
                into.insert(key.clone());
                collect_strings(value, into);
            }
        }
        _ => {}
    }
}
