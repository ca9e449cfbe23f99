//! Measuring a sandbox by attacking it: the attack and what it means are the same for every backend.
//!
//! | file | noun |
//! |---|---|
//! | `attack.py` | the script that tries everything and tells how far it got |
//! | `scene` | the folder in which it takes place |
//! | `loot` | what it got, and the table of guarantees that follows from it |

mod loot;
mod scene;

pub(super) use loot::{Loot, Means, guarantees};
pub(super) use scene::{Force, Scene};
