//! Ids are derived from content, so that a replayed step names things as before.

use std::fmt;

pub use kosmos_core::{hash::sha256_hex, id::RunId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! derived_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Derives the id from the canonical content of the thing it names.
            pub fn derive(content: impl AsRef<[u8]>) -> Self {
                let hash = sha256_hex(content);
                Self(format!(concat!($prefix, "-{}"), hash.get(..12).unwrap_or(&hash)))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }
    };
}

derived_id!(
    /// Names a hypothesis by what it claims: data set, kind, variables, covariates, part of the data, arm.
    HypothesisId,
    "h"
);
derived_id!(
    /// Names an experiment by its script, which holds its protocol.
    ExperimentId,
    "e"
);
