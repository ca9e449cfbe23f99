//! For `#[serde(with = "duration_text")]`: a duration as text with units, such as `1h 30m`.

use std::time::Duration;

use kosmos_core::text::HumanDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
    HumanDuration::from(*value).serialize(to)
}

pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    HumanDuration::deserialize(from).map(HumanDuration::get)
}
