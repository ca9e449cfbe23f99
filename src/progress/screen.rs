use indicatif::MultiProgress;

/// The stderr of this process as something that bars and log lines share. Clones are the same screen.
#[derive(Debug, Clone, Default)]
pub struct Screen {
    bars: MultiProgress,
}

impl Screen {
    /// A screen without bars.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `write`, which writes to stderr, with the bars hidden meanwhile.
    pub fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bars.suspend(write)
    }

    pub(super) fn bars(&self) -> &MultiProgress {
        &self.bars
    }
}
