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
    /// A message was sent. It is delivered until it is handled.
    Sent {
        /// The message.
        envelope: Box<Envelope<P>>,
    },
    /// A message was handled. It is never delivered again.
    Handled {
        /// The message.
        message: MessageId,
        /// Its receiver.
        agent: AgentName,
        /// The reason, if it became a dead letter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dead: Option<String>,
    },
    /// The handler of a message failed.
    Attempted {
        /// The message.
        message: MessageId,
        /// Its receiver.
        agent: AgentName,
        /// Failures of this message so far.
        attempt: u32,
        /// The failure.
        reason: String,
    },
    /// An agent was restarted.
    Restarted {
        /// The agent.
        agent: AgentName,
        /// The failure.
        reason: String,
    },
    /// An effect is about to happen.
    Intent {
        /// The effect's idempotency key.
        key: String,
    },
    /// An effect happened.
    Receipt {
        /// The effect's idempotency key.
        key: String,
        /// The value of the effect.
        value: Value,
    },
    /// A snapshot of the director's state, as a content-addressed file.
    Snapshot {
        /// The last entry that it includes.
        after: u64,
        /// The file.
        sha256: String,
    },
    /// A snapshot of another agent's state, as a content-addressed file.
    State {
        /// The agent.
        agent: AgentName,
        /// The file.
        sha256: String,
    },
    /// The run stopped before its end. It can be resumed.
    Stopped {
        /// Why.
        reason: String,
        /// True if it stopped because something that it needs was not available, not because its user asked for it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        outage: bool,
    },
}

/// The kind of a record, to read only the entries of some kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// [`Record::Opened`].
    Opened,
    /// [`Record::Sent`].
    Sent,
    /// [`Record::Handled`].
    Handled,
    /// [`Record::Attempted`].
    Attempted,
    /// [`Record::Restarted`].
    Restarted,
    /// [`Record::Intent`].
    Intent,
    /// [`Record::Receipt`].
    Receipt,
    /// [`Record::Snapshot`].
    Snapshot,
    /// [`Record::State`].
    State,
    /// [`Record::Stopped`].
    Stopped,
}

impl Kind {
    /// Returns the kind's name in a stored line.
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
    /// Returns the record's kind.
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

/// A record with its number and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Entry<P: RunPayload> {
    /// From 1, without gaps.
    pub seq: u64,
    /// Milliseconds since the Unix epoch. For people and budgets; no finding depends on it.
    pub at_ms: u64,
    /// True if the next entry belongs to the same commit: neither counts without the other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// The record.
    #[serde(flatten)]
    pub record: Record<P>,
}

/// The fields of an entry that the index needs. The line of an entry that is too large consists of these and the name
/// of a content-addressed file with the whole entry; earlier versions wrote only the number and `more` beside that
/// name.
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
    /// The size of that file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

/// The fields of an envelope that the index needs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Address {
    pub(super) id: MessageId,
    pub(super) to: AgentName,
    pub(super) schema_version: u32,
}

impl Head {
    /// Returns the head of an entry.
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

/// Encodes a line with its checksum as the last field: the CRC-32 of the object's text before it.
pub(super) fn encode_with_checksum<T: Serialize>(stored: &T) -> Result<Vec<u8>, JournalError> {
    let mut line = serde_json::to_vec(stored)?;
    line.pop();
    let sum = crc32fast::hash(&line);
    line.extend_from_slice(SEAL);
    line.extend_from_slice(format!("{sum:08x}\"}}").as_bytes());
    Ok(line)
}

const SEAL: &[u8] = b",\"crc\":\"";

/// The bytes of the checksum's field and of the brace that ends the line.
const SEALED: usize = 18;

/// Returns true if a line matches its checksum or has none, as in journals of earlier versions.
pub(super) fn matches_checksum(line: &[u8]) -> bool {
    let Some((body, sum)) = split_checksum(line) else {
        return true;
    };
    std::str::from_utf8(sum)
        .ok()
        .and_then(|sum| u32::from_str_radix(sum, 16).ok())
        == Some(crc32fast::hash(body))
}

/// Returns true if a line has a checksum.
pub(super) fn has_checksum(line: &[u8]) -> bool {
    split_checksum(line).is_some()
}

/// Splits a line into all before its checksum, and the checksum.
fn split_checksum(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (body, seal) = line.split_last_chunk::<SEALED>()?;
    Some((body, seal.strip_prefix(SEAL)?.strip_suffix(b"\"}")?))
}

/// Returns false if a stored line cannot be an entry of one of these kinds. A line names its kind before any content
/// that could contain the same text. Lines of earlier versions that name a file do not name their kind.
pub(super) fn may_be_of_kinds(line: &[u8], kinds: &[Kind]) -> bool {
    const TAG: &[u8] = b"\"record\":\"";
    // Only numbers and flags precede it, which are short.
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

/// The first bytes of a line, within which its kind is named.
const LABEL: usize = 100;

/// Returns the number of a line's entry, and true with it if the next belongs to the same commit; none if it is
/// damaged.
pub(super) fn read_position(line: &[u8]) -> Option<(u64, bool)> {
    if !matches_checksum(line) {
        return None;
    }
    // A line that matches its checksum is as `encode_entry` wrote it, so its beginning is enough.
    read_position_quickly(line).or_else(|| {
        let head: Head = serde_json::from_slice(line).ok()?;
        Some((head.seq, head.more))
    })
}

/// [`read_position`] of a line with a checksum that begins as an [`Entry`] does.
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

/// Entries larger than this many bytes are stored in content-addressed files.
const INLINE_LIMIT: usize = 16 * 1024;

/// Encodes an entry as a line. A large entry is stored in a file that the line names.
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

/// Decodes the entry of a stored line.
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

/// Returns the hash of the file that a line names.
pub(super) fn blob_of_line(line: &[u8]) -> Option<String> {
    // Few lines do: the others need not be parsed twice.
    memchr::memmem::find(line, b"\"blob\":\"")?;
    serde_json::from_slice::<Head>(line).ok()?.blob
}
