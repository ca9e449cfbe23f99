//! Measures a sandbox by attacking it. The attack and its interpretation are the same for every backend.
//!
//! | file | noun |
//! |---|---|
//! | `attack.py` | the script that tries everything and reports its results |
//! | `scene` | the folder in which it runs |
//! | `loot` | its result, and the table of guarantees that follows from it |

mod loot;
mod scene;

pub(super) use loot::{AttackResult, ProtectionMeans, derive_guarantees};
pub(super) use scene::{AttackScene, AttackStrength};
