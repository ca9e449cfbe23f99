//! The entries of the journal.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Blobs, JournalError};
use crate::{AgentName, Envelope, MessageId, RunPayload, SCHEMA_VERSION};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case", bound = "")]
pub enum Record<P: RunPayload> {
    /// A process began to work on the run.
    Opened(P::Opening),
    /// A message is on its way; it is delivered until it is handled.
    Sent {
        #[allow(missing_docs)]
        envelope: Box<Envelope<P>>,
    },
    /// A message was handled: never again delivered.
    Handled {
        #[allow(missing_docs)]
        message: MessageId,
        #[allow(missing_docs)]
        agent: AgentName,
        /// Set when it was given up and not handled.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dead: Option<String>,
    },
    /// The handler of a message failed.
    Attempted {
        #[allow(missing_docs)]
        message: MessageId,
        #[allow(missing_docs)]
        agent: AgentName,
        /// Failures of this message so far.
        attempt: u32,
        #[allow(missing_docs)]
        reason: String,
    },
    /// An agent was restarted.
    Restarted {
        #[allow(missing_docs)]
        agent: AgentName,
        #[allow(missing_docs)]
        reason: String,
    },
    /// An effect is about to happen.
    Intent {
        #[allow(missing_docs)]
        key: String,
    },
    /// An effect happened.
    Receipt {
        #[allow(missing_docs)]
        key: String,
        /// What it gave.
        value: Value,
    },
    /// The director's state after `after` entries, as a content-addressed file.
    Snapshot {
        /// The entry that it includes last.
        after: u64,
        #[allow(missing_docs)]
        sha256: String,
    },
    /// An agent's own state, as a content-addressed file.
    State {
        #[allow(missing_docs)]
        agent: AgentName,
        #[allow(missing_docs)]
        sha256: String,
    },
    /// The run stopped before its end; it can be resumed.
    Stopped {
        #[allow(missing_docs)]
        reason: String,
        /// Whether it stopped by itself, because something that it needs stayed away, and not at the user's wish.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        outage: bool,
    },
}

/// What a record is of, to read the entries of some kinds alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Kind {
    Opened,
    Sent,
    Handled,
    Attempted,
    Restarted,
    Intent,
    Receipt,
    Snapshot,
    State,
    Stopped,
}

impl Kind {
    /// The record's name in a stored line.
    fn tag(self) -> &'static [u8] {
        match self {
            Self::Opened => b"opened",
            Self::Sent => b"sent",
            Self::Handled => b"handled",
            Self::Attempted => b"attempted",
            Self::Restarted => b"restarted",
            Self::Intent => b"intent",
            Self::Receipt => b"receipt",
            Self::Snapshot => b"snapshot",
            Self::State => b"state",
            Self::Stopped => b"stopped",
        }
    }
}

impl<P: RunPayload> Record<P> {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Opened(_) => Kind::Opened,
            Self::Sent { .. } => Kind::Sent,
            Self::Handled { .. } => Kind::Handled,
            Self::Attempted { .. } => Kind::Attempted,
            Self::Restarted { .. } => Kind::Restarted,
            Self::Intent { .. } => Kind::Intent,
            Self::Receipt { .. } => Kind::Receipt,
            Self::Snapshot { .. } => Kind::Snapshot,
            Self::State { .. } => Kind::State,
            Self::Stopped { .. } => Kind::Stopped,
        }
    }
}

/// A record with its place and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Entry<P: RunPayload> {
    /// From 1, without gaps.
    pub seq: u64,
    /// Milliseconds since the Unix epoch. For people and budgets; no finding depends on it.
    pub at_ms: u64,
    /// Whether the next entry is of the same commit: neither counts without the other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    #[allow(missing_docs)]
    #[serde(flatten)]
    pub record: Record<P>,
}

/// What a stored line says of its entry without the content: what the index is made of. A line whose entry is too large for
/// it has this, and the name of a file that holds all; lines of earlier days have its number and `more` alone.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) seq: u64,
    /// See [`Entry::more`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) more: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) record: Option<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) envelope: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) agent: Option<AgentName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attempt: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blob: Option<String>,
    /// Of that file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

/// Of an envelope, who gets what.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Address {
    pub(super) id: MessageId,
    pub(super) to: AgentName,
    pub(super) schema_version: u32,
}

impl Head {
    /// That of an entry.
    pub(super) fn of<P: RunPayload>(entry: &Entry<P>) -> Self {
        let mut head = Self {
            seq: entry.seq,
            more: entry.more,
            record: Some(entry.record.kind()),
            ..Self::default()
        };
        match &entry.record {
            Record::Sent { envelope } => {
                head.envelope = Some(Address {
                    id: envelope.id.clone(),
                    to: envelope.to.clone(),
                    schema_version: envelope.schema_version,
                });
            }
            Record::Handled { message, agent, .. } => {
                (head.message, head.agent) = (Some(message.clone()), Some(agent.clone()));
            }
            Record::Attempted { message, attempt, .. } => {
                (head.message, head.attempt) = (Some(message.clone()), Some(*attempt));
            }
            Record::Intent { key } | Record::Receipt { key, .. } => head.key = Some(key.clone()),
            Record::Snapshot { after, sha256 } => {
                (head.after, head.sha256) = (Some(*after), Some(sha256.clone()));
            }
            Record::State { agent, sha256 } => {
                (head.agent, head.sha256) = (Some(agent.clone()), Some(sha256.clone()));
            }
            Record::Opened(_) | Record::Restarted { .. } | Record::Stopped { .. } => {}
        }
        head
    }
}

/// A stored line as it is written: with its checksum, the CRC-32 of all of the object before it, as its last field.
pub(super) fn encode_with_checksum<T: Serialize>(stored: &T) -> Result<Vec<u8>, JournalError> {
    let mut line = serde_json::to_vec(stored)?;
    line.pop();
    let sum = crc32fast::hash(&line);
    line.extend_from_slice(SEAL);
    line.extend_from_slice(format!("{sum:08x}\"}}").as_bytes());
    Ok(line)
}

const SEAL: &[u8] = b",\"crc\":\"";

/// Bytes of the checksum's field, with the brace that ends the line.
const SEALED: usize = 18;

/// Whether a line is as it was written. Journals of earlier days have no checksums.
pub(super) fn matches_checksum(line: &[u8]) -> bool {
    let Some((body, sum)) = split_checksum(line) else {
        return true;
    };
    std::str::from_utf8(sum)
        .ok()
        .and_then(|sum| u32::from_str_radix(sum, 16).ok())
        == Some(crc32fast::hash(body))
}

/// Whether a line has a checksum.
pub(super) fn has_checksum(line: &[u8]) -> bool {
    split_checksum(line).is_some()
}

/// A line with a checksum: all before it, and the checksum.
fn split_checksum(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (body, seal) = line.split_last_chunk::<SEALED>()?;
    Some((body, seal.strip_prefix(SEAL)?.strip_suffix(b"\"}")?))
}

/// Whether a stored line may be an entry of one of these kinds: a line that says what it is says so before anything that
/// comes from elsewhere. Lines of earlier days that name a file do not say it.
pub(super) fn may_be_of_kinds(line: &[u8], kinds: &[Kind]) -> bool {
    const TAG: &[u8] = b"\"record\":\"";
    // Numbers and flags come first, and have no room for more.
    let start = line.get(..LABEL).unwrap_or(line);
    let Some(at) = start.windows(TAG.len()).position(|bytes| bytes == TAG) else {
        return true;
    };
    let named = line.get(at + TAG.len()..).unwrap_or_default();
    kinds.iter().any(|kind| {
        let after = named.strip_prefix(kind.tag());
        after.is_some_and(|after| after.first() == Some(&b'"'))
    })
}

/// Bytes of a line in which its record is named.
const LABEL: usize = 100;

/// The number of a line's entry, and whether the next is of the same commit; none where the line is damaged.
pub(super) fn read_position(line: &[u8]) -> Option<(u64, bool)> {
    if !matches_checksum(line) {
        return None;
    }
    // What has its checksum is as `encode` wrote it, and most of it need not be read.
    read_position_quickly(line).or_else(|| {
        let head: Head = serde_json::from_slice(line).ok()?;
        Some((head.seq, head.more))
    })
}

/// [`place`] of a line with a checksum that begins as an [`Entry`] does.
fn read_position_quickly(line: &[u8]) -> Option<(u64, bool)> {
    split_checksum(line)?;
    let (seq, rest) = leading_number(line.strip_prefix(b"{\"seq\":")?)?;
    let (_, rest) = leading_number(rest.strip_prefix(b",\"at_ms\":")?)?;
    Some((seq, rest.starts_with(b",\"more\":true,")))
}

fn leading_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(digits)?;
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, rest))
}

/// Entries larger than this many bytes go to a content-addressed file.
const INLINE_LIMIT: usize = 16 * 1024;

/// The line that an entry is stored as, its file beside it where it is large.
pub(super) fn encode_entry<P: RunPayload>(entry: &Entry<P>, blobs: &Blobs) -> Result<Vec<u8>, JournalError> {
    let line = encode_with_checksum(entry)?;
    if line.len() <= INLINE_LIMIT {
        return Ok(line);
    }
    encode_with_checksum(&Head {
        blob: Some(blobs.put(&line)?),
        bytes: Some(line.len() as u64),
        ..Head::of(entry)
    })
}

/// The entry that a stored line stands for.
pub(super) fn decode_entry<P: RunPayload>(line: &[u8], blobs: &Blobs) -> Result<Entry<P>, JournalError> {
    if !matches_checksum(line) {
        return Err(JournalError::Altered);
    }
    let entry: Entry<P> = match blob_of_line(line) {
        None => serde_json::from_slice(line)?,
        Some(sha256) => serde_json::from_slice(&blobs.get(&sha256)?)?,
    };
    match &entry.record {
        Record::Sent { envelope } if envelope.schema_version != SCHEMA_VERSION => Err(JournalError::Version {
            found: envelope.schema_version,
            expected: SCHEMA_VERSION,
        }),
        _ => Ok(entry),
    }
}

/// The hash of the file that a line names as that of its entry.
fn blob_of_line(line: &[u8]) -> Option<String> {
    // Few do: the others need not be read twice.
    memchr::memmem::find(line, b"\"blob\":\"")?;
    serde_json::from_slice::<Head>(line).ok()?.blob
}
