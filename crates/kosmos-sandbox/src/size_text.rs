//! For `#[serde(with = "size_text")]`: a number of bytes as text with a unit, such as `2GiB`.

use kosmos_core::text::ByteSize;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub fn serialize<S: Serializer>(bytes: &u64, to: S) -> Result<S::Ok, S::Error> {
    ByteSize::new(*bytes).serialize(to)
}

pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    ByteSize::deserialize(from).map(ByteSize::get)
}
