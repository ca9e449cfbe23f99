//! Commits that are not in the database yet, and what they answer that it cannot.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{EffectState, Entry, Record};
use crate::message::MessageId;

/// An entry and how it is stored.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) entry: Entry,
    pub(super) text: Vec<u8>,
}

/// The lines of one commit.
pub(super) type Lines = Arc<Vec<Line>>;

/// The commits on their way into the database, oldest first: those that are being put there, and those after them.
#[derive(Default)]
pub(super) struct Tail {
    /// The number of the last entry of all.
    pub(super) last: u64,
    settling: Part,
    fresh: Part,
}

/// Commits, and an index of them.
#[derive(Default)]
struct Part {
    commits: Vec<Lines>,
    handled: HashSet<MessageId>,
    sent: HashSet<MessageId>,
    /// The line of an effect's receipt; none where there is only the intent.
    effects: HashMap<String, Option<Place>>,
}

/// A line's: its commit, and which of its lines.
type Place = (Lines, usize);

impl Tail {
    pub(super) fn push(&mut self, lines: Lines) {
        for (at, line) in lines.iter().enumerate() {
            self.last = line.entry.seq;
            let part = &mut self.fresh;
            match &line.entry.record {
                Record::Handled { message, .. } => drop(part.handled.insert(message.clone())),
                Record::Sent { envelope } => drop(part.sent.insert(envelope.id.clone())),
                Record::Intent { key } => drop(part.effects.entry(key.clone()).or_default()),
                Record::Receipt { key, .. } => {
                    part.effects.insert(key.clone(), Some((Arc::clone(&lines), at)));
                }
                _ => {}
            }
        }
        self.fresh.commits.push(lines);
    }

    /// Commits after those that are being put into the database.
    pub(super) fn len(&self) -> usize {
        self.fresh.commits.len()
    }

    pub(super) fn has_handled(&self, message: &MessageId) -> bool {
        self.parts().any(|part| part.handled.contains(message))
    }

    pub(super) fn has_sent(&self, message: &MessageId) -> bool {
        self.parts().any(|part| part.sent.contains(message))
    }

    /// What the tail knows of an effect.
    pub(super) fn effect(&self, key: &str) -> Option<EffectState> {
        let known: Vec<_> = self.parts().filter_map(|part| part.effects.get(key)).collect();
        let receipt = known.iter().find_map(|place| place.as_ref());
        match receipt
            .and_then(|(lines, at)| lines.get(*at))
            .map(|line| &line.entry.record)
        {
            Some(Record::Receipt { value, .. }) => Some(EffectState::Done(value.clone())),
            _ => (!known.is_empty()).then_some(EffectState::Intended),
        }
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        [&self.settling, &self.fresh].into_iter()
    }

    /// The commits that an earlier attempt could not put into the database; they are still those that are being put there.
    pub(super) fn left_over(&self) -> Vec<Lines> {
        self.settling.commits.clone()
    }

    /// All commits, to be put into the database; the tail answers for them until [`Tail::settled`].
    pub(super) fn settle(&mut self) -> Vec<Lines> {
        debug_assert!(self.settling.commits.is_empty());
        self.settling = std::mem::take(&mut self.fresh);
        self.settling.commits.clone()
    }

    /// They are in the database, which answers from now on.
    pub(super) fn settled(&mut self) {
        self.settling = Part::default();
    }

    /// Forgets all commits, but not their number.
    pub(super) fn clear(&mut self) {
        (self.settling, self.fresh) = Default::default();
    }
}
