//! What stands behind a number or a figure.

use super::number::{Format, Number};
use crate::science::{Arm, ExperimentId, HypothesisId};

/// A number that is to be shown, and where it is said to come from.
#[derive(Debug, Clone)]
pub(crate) struct Cited {
    /// The number, unrounded.
    pub(crate) number: Number,
    /// How to show it.
    pub(crate) format: Format,
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
    /// The number of tests of the record that are significant and replicated: they are counted again.
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
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Journal => "journal.jsonl",
            Self::Settings => "run.toml",
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
            format: Format::Plain,
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
            format: Format::Plain,
            citation,
        }
    }

    /// A number of ledger lines.
    pub(crate) fn ledger(number: u64, event: &'static str, arm: Arm, cycle: Option<u32>) -> Self {
        let citation = Citation::LedgerCount(LedgerCount {
            event,
            arm,
            cycle,
            significant: false,
        });
        Self {
            number: number.into(),
            format: Format::Plain,
            citation,
        }
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
    pub(crate) fn format(self, format: Format) -> Self {
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
    /// What it shows, a string of the record.
    pub(crate) alt: String,
}

/// A number whose evidence was found. Only [`super::evidence::Evidence`] makes one.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    text: String,
    href: String,
    title: String,
}

impl Shown {
    /// For the verification alone.
    pub(super) fn found(cited: &Cited, href: String, title: String) -> Self {
        Self {
            text: cited.format.show(cited.number),
            href,
            title,
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

    /// Its evidence, in words.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }
}

/// A figure whose file was found. Only [`super::evidence::Evidence`] makes one.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    /// Relative to the run's folder.
    pub(super) href: String,
    /// The file.
    pub(super) bytes: Vec<u8>,
    /// What it shows.
    pub(super) alt: super::name::Name,
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
