//! The log's lines in the database, or in memory: whole commits, many of them under one key.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use sled::IVec;

use super::JournalError;

/// The most bytes under one key that holds several commits. Sled's cost is per key, whatever the size of the value, and
/// it keeps up to 16 values in a page, which must be smaller than its segments of 512 KiB.
const CHUNK: usize = 16 * 1024;

/// The lines of one commit, as in the log.
#[derive(Debug, Default)]
pub(super) struct CommitLines {
    /// The number of the first line.
    pub(super) first: u64,
    /// The lines, each with its newline.
    pub(super) text: Vec<u8>,
}

/// Where the log's lines are kept for access by number.
#[derive(Debug)]
pub(super) enum Lines {
    /// In the database.
    Database(Chunks),
    /// In memory, for a log that is read without a database: number of the first line of a commit -> its lines.
    Memory(RwLock<BTreeMap<u64, IVec>>),
}

impl Lines {
    /// Appends commits, in order.
    pub(super) fn append_commits<'a>(&self, commits: impl Iterator<Item = &'a CommitLines>) -> Result<(), sled::Error> {
        match self {
            Self::Database(chunks) => chunks.append_commits(commits),
            Self::Memory(kept) => {
                let commits = commits.map(|commit| (commit.first, IVec::from(commit.text.as_slice())));
                kept.write().unwrap_or_else(PoisonError::into_inner).extend(commits);
                Ok(())
            }
        }
    }

    /// Returns the lines from number `from` on, in order, without their newlines.
    pub(super) fn lines_from(&self, from: u64) -> Box<dyn Iterator<Item = Result<(u64, IVec), JournalError>>> {
        match self {
            Self::Database(chunks) => Box::new(chunks.lines_from(from)),
            Self::Memory(kept) => {
                let kept = kept.read().unwrap_or_else(PoisonError::into_inner);
                let begin = kept.range(..=from).next_back().map_or(from, |(first, _)| *first);
                // Each shares its bytes with the map.
                let commits: Vec<(u64, IVec)> = kept
                    .range(begin..)
                    .map(|(first, text)| (*first, text.clone()))
                    .collect();
                let lines = commits.into_iter().flat_map(|(first, text)| Split::of(first, text));
                Box::new(lines.filter(move |(seq, _)| *seq >= from).map(Ok))
            }
        }
    }

    /// Returns the line of that number.
    pub(super) fn line_at(&self, seq: u64) -> Result<Option<IVec>, JournalError> {
        match self {
            Self::Database(chunks) => chunks.line_at(seq),
            Self::Memory(_) => self
                .lines_from(seq)
                .next()
                .transpose()
                .map(|line| line.map(|(_, line)| line)),
        }
    }
}

/// The tree of the log: number of the first line of a chunk -> the chunk.
///
/// Earlier versions wrote each line under a key of its own, without its newline: a chunk of one line.
#[derive(Debug)]
pub(super) struct Chunks(pub(super) sled::Tree);

impl Chunks {
    /// Appends commits, in order. After a crash the tree holds a prefix of them, each whole.
    pub(super) fn append_commits<'a>(&self, commits: impl Iterator<Item = &'a CommitLines>) -> Result<(), sled::Error> {
        let mut chunk = Vec::new();
        let mut first = 0_u64;
        for commit in commits {
            if !chunk.is_empty() && chunk.len() + commit.text.len() > CHUNK {
                self.0.insert(first.to_be_bytes(), std::mem::take(&mut chunk))?;
            }
            if chunk.is_empty() {
                first = commit.first;
            }
            chunk.extend_from_slice(&commit.text);
        }
        if !chunk.is_empty() {
            self.0.insert(first.to_be_bytes(), chunk)?;
        }
        Ok(())
    }

    /// Returns the lines from number `from` on, in order, without their newlines.
    pub(super) fn lines_from(&self, from: u64) -> impl Iterator<Item = Result<(u64, IVec), JournalError>> + use<> {
        // The chunk of the line may begin before it.
        let begin = self.0.range(..=from.to_be_bytes()).next_back();
        let begin = match begin {
            Some(Ok((key, _))) => key,
            // The iteration reports the error.
            Some(Err(_)) | None => IVec::from(&from.to_be_bytes()),
        };
        let chunks = self.0.range(begin..);
        let lines = chunks.flat_map(|item| match item {
            Ok((key, chunk)) => Split::of(decode_key(&key), chunk).map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error.into())],
        });
        lines.skip_while(move |line| matches!(line, Ok((seq, _)) if *seq < from))
    }

    /// Returns the line of that number.
    pub(super) fn line_at(&self, seq: u64) -> Result<Option<IVec>, JournalError> {
        let Some(item) = self.0.range(..=seq.to_be_bytes()).next_back() else {
            return Ok(None);
        };
        let (key, chunk) = item?;
        let mut lines = Split::of(decode_key(&key), chunk);
        Ok(lines.find(|(at, _)| *at == seq).map(|(_, line)| line))
    }
}

/// Iterates over the lines of a chunk, with their numbers.
struct Split {
    next: u64,
    chunk: IVec,
    at: usize,
}

impl Split {
    fn of(first: u64, chunk: IVec) -> Self {
        Self {
            next: first,
            chunk,
            at: 0,
        }
    }
}

impl Iterator for Split {
    type Item = (u64, IVec);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.chunk.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = self.chunk.subslice(self.at, length);
        self.at += length + 1;
        self.next += 1;
        Some((self.next - 1, line))
    }
}

fn decode_key(key: &[u8]) -> u64 {
    u64::from_be_bytes(key.try_into().unwrap_or_default())
}
