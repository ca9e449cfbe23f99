//! The evidence of a number or a figure.

use std::fmt;

use super::name::Name;
use super::number::{Number, NumberFormat};
use crate::science::{Arm, ExperimentId, HypothesisId, Tier};
use kosmos_core::run_files;

/// A number that is to be shown, and where it is said to come from.
#[derive(Debug, Clone)]
pub(crate) struct Cited {
    /// The number, unrounded.
    pub(crate) number: Number,
    /// How to show it.
    pub(crate) format: NumberFormat,
    /// Its evidence.
    pub(crate) citation: Citation,
}

/// The evidence of a number. Each sort is checked against something that was there before the report.
#[derive(Debug, Clone)]
pub(crate) enum Citation {
    /// A scalar of an experiment's `result.json`: file and hash must be the recorded ones, and the number there must be
    /// this one, exactly.
    Result {
        /// Whose result.
        experiment: ExperimentId,
        /// JSON pointer into it.
        pointer: String,
        /// Another place that may hold it; the reader is led to the one that does.
        or: Option<String>,
    },
    /// The `q` that Kosmos itself computed: the hypothesis's `judged` line of `ledger.jsonl` must hold it.
    Verdict {
        /// The hypothesis.
        hypothesis: HypothesisId,
    },
    /// A number of lines of `ledger.jsonl`: they are counted again.
    LedgerCount(LedgerCount),
    /// A number of the run's own record (the dossier, folded from the journal): it must be the one at that place of the
    /// record; the reader is led to the file of the run's folder that tells it.
    Record {
        /// JSON pointer into the dossier; a list stands for its length.
        pointer: String,
        /// Where a reader finds it.
        file: RecordFile,
    },
    /// The number of findings of the record that are replicated, without those that were vetoed: they are counted
    /// again.
    Replicated,
}

/// Which lines of the ledger count.
#[derive(Debug, Clone)]
pub(crate) struct LedgerCount {
    /// Their event.
    pub(crate) event: &'static str,
    /// Their arm.
    pub(crate) arm: Arm,
    /// Their cycle; all cycles where there is none.
    pub(crate) cycle: Option<u32>,
    /// Their tier of the error control; all tiers where there is none.
    pub(crate) tier: Option<Tier>,
    /// Whether only those count that say `significant`.
    pub(crate) significant: bool,
}

/// A file of the run's folder that tells what the dossier holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordFile {
    /// The events.
    Journal,
    /// The settings.
    Settings,
}

impl RecordFile {
    /// Its name in the run's folder.
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Journal => run_files::JOURNAL_LOG,
            Self::Settings => run_files::SETTINGS,
        }
    }
}

impl Cited {
    /// A number of an experiment's result.
    pub(crate) fn result(number: impl Into<Number>, experiment: &ExperimentId, pointer: impl Into<String>) -> Self {
        let citation = Citation::Result {
            experiment: experiment.clone(),
            pointer: pointer.into(),
            or: None,
        };
        Self {
            number: number.into(),
            format: NumberFormat::Plain,
            citation,
        }
    }

    /// A number of the run's record.
    pub(crate) fn record(number: impl Into<Number>, pointer: impl Into<String>, file: RecordFile) -> Self {
        let citation = Citation::Record {
            pointer: pointer.into(),
            file,
        };
        Self {
            number: number.into(),
            format: NumberFormat::Plain,
            citation,
        }
    }

    /// A number of ledger lines.
    pub(crate) fn ledger(number: u64, event: &'static str, arm: Arm, cycle: Option<u32>) -> Self {
        let citation = Citation::LedgerCount(LedgerCount {
            event,
            arm,
            cycle,
            tier: None,
            significant: false,
        });
        Self {
            number: number.into(),
            format: NumberFormat::Plain,
            citation,
        }
    }

    /// Those ledger lines only that are of a tier of the error control.
    pub(crate) fn of_tier(mut self, tier: Tier) -> Self {
        if let Citation::LedgerCount(count) = &mut self.citation {
            count.tier = Some(tier);
        }
        self
    }

    /// Those ledger lines only that say `significant`.
    pub(crate) fn significant(mut self) -> Self {
        if let Citation::LedgerCount(count) = &mut self.citation {
            count.significant = true;
        }
        self
    }

    /// Of a result, with another place that may hold the number.
    pub(crate) fn or(mut self, place: String) -> Self {
        if let Citation::Result { or, .. } = &mut self.citation {
            *or = Some(place);
        }
        self
    }

    /// Shown in another way.
    pub(crate) fn format(self, format: NumberFormat) -> Self {
        Self { format, ..self }
    }
}

/// A figure that is to be shown.
#[derive(Debug, Clone)]
pub(crate) struct FigureFile {
    /// The experiment that drew it.
    pub(crate) experiment: ExperimentId,
    /// Path below the experiment's folder.
    pub(crate) file: String,
    /// A description of its content, a string of the record.
    pub(crate) alt: String,
}

/// The place at which the evidence of a number was found.
#[derive(Debug, Clone)]
pub(crate) enum EvidencePlace {
    /// A line of an experiment's `result.json`.
    Result {
        /// The experiment.
        experiment: ExperimentId,
        /// From 1.
        line: usize,
        /// JSON pointer to the number.
        pointer: String,
    },
    /// The `judged` line of a hypothesis in `ledger.jsonl`.
    Verdict {
        /// From 1; 0 where there is none.
        line: usize,
        /// The hypothesis.
        hypothesis: HypothesisId,
    },
    /// Counted lines of `ledger.jsonl`.
    LedgerCount(LedgerCount),
    /// The run's record.
    Record {
        /// JSON pointer into it.
        pointer: String,
        /// The file in which a reader finds it.
        file: RecordFile,
    },
    /// The findings of `findings.json` that are significant and replicated.
    Replicated,
}

impl fmt::Display for EvidencePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Result {
                experiment,
                line,
                pointer,
            } => write!(f, "{experiment}, line {line}, {pointer}"),
            Self::Verdict { line, hypothesis } => write!(f, "ledger.jsonl, line {line}, q of {hypothesis}"),
            Self::LedgerCount(count) => write!(f, "ledger.jsonl, {count}"),
            Self::Record { pointer, file } => write!(f, "the run's record, {pointer}, told in {}", file.file_name()),
            Self::Replicated => f.write_str("findings.json, significant and replicated"),
        }
    }
}

impl fmt::Display for LedgerCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arm = match self.arm {
            Arm::Observed => "observed data",
            Arm::Shuffled => "shuffled data",
        };
        write!(f, "lines of event {}, {arm}", self.event)?;
        if let Some(cycle) = self.cycle {
            write!(f, ", cycle {cycle}")?;
        }
        f.write_str(if self.significant { ", significant" } else { "" })
    }
}

/// A number whose evidence was found. Only [`super::evidence::Evidence`] makes one.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    text: String,
    href: String,
    place: EvidencePlace,
}

impl Shown {
    /// For the verification alone.
    pub(super) fn found(cited: &Cited, href: String, place: EvidencePlace) -> Self {
        Self {
            text: cited.format.format_number(cited.number),
            href,
            place,
        }
    }

    /// The number as a reader sees it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Its evidence, relative to the run's folder.
    pub(crate) fn href(&self) -> &str {
        &self.href
    }

    /// The place of its evidence, which each renderer puts into words of its own.
    pub(crate) fn place(&self) -> &EvidencePlace {
        &self.place
    }
}

/// A figure whose file was found. Only [`super::evidence::Evidence`] makes one.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    /// Relative to the run's folder.
    pub(super) href: String,
    /// The file.
    pub(super) bytes: Vec<u8>,
    /// A description of its content.
    pub(super) alt: Name,
}

impl Picture {
    /// The file's path, relative to the run's folder.
    pub(crate) fn href(&self) -> &str {
        &self.href
    }

    /// The file's content.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A description of the picture.
    pub(crate) fn alt(&self) -> &Name {
        &self.alt
    }
}

/// A drawing whose words were checked. Only [`super::evidence::Evidence`] makes one.
#[derive(Debug, Clone)]
pub(crate) struct Drawn(String);

impl Drawn {
    /// For the verification alone.
    pub(super) fn checked(element: String) -> Self {
        Self(element)
    }

    /// As an element of a page.
    pub(crate) fn element(&self) -> &str {
        &self.0
    }
}
