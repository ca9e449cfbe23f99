//! Ids are derived from content, so that a replayed step names things as before.

use kosmos_core::{checked_text, id::is_prefixed_hex, plain_path::PlainPath, run_files};
pub use kosmos_core::{hash::sha256_hex, id::RunId};

macro_rules! derived_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $prefix:literal, $digits:literal) => {
        checked_text! {
            $(#[$doc])*
            pub struct $name:
                $what,
                concat!("`", $prefix, "` and ", $digits, " lower-case hexadecimal digits"),
                |text: &str| is_prefixed_hex(text, $prefix, $digits)
        }

        impl $name {
            /// Derives the id from the canonical content of the thing it names.
            pub fn derive(content: impl AsRef<[u8]>) -> Self {
                let hash = sha256_hex(content);
                Self(format!(concat!($prefix, "{}"), hash.get(..$digits).unwrap_or(&hash)))
            }
        }
    };
}

derived_id!(
    /// Names a hypothesis by what it claims: data set, kind, variables, covariates, part of the data, arm.
    HypothesisId,
    "the id of a hypothesis",
    "h-",
    12
);
derived_id!(
    /// Names an experiment by its script, which holds its protocol.
    ExperimentId,
    "the id of an experiment",
    "e-",
    12
);
derived_id!(
    /// Names a claim by its kind and its columns' names: the same claim on two tables has one name.
    ClaimId,
    "the id of a claim",
    "c-",
    16
);

impl ExperimentId {
    /// The experiment's folder, in that of the run.
    pub fn folder(&self) -> PlainPath {
        PlainPath::of(run_files::EXPERIMENTS).join_id(self)
    }

    /// A file that Kosmos itself writes into that folder.
    pub fn file(&self, name: &'static str) -> PlainPath {
        self.folder().join_id(name)
    }
}

impl HypothesisId {
    /// The id of a hypothesis that is not named yet: `h-` and twelve zeros. `Hypothesis::with_id` replaces it.
    pub fn unnamed() -> Self {
        Self("h-000000000000".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fmt::Debug,
        path::{Component, Path},
        str::FromStr,
    };

    use kosmos_testing::sample::is_deep_tier;
    use proptest::prelude::*;
    use serde::{Serialize, de::DeserializeOwned};

    use super::*;
    use crate::message::{AgentName, MessageId};

    fn config() -> ProptestConfig {
        ProptestConfig::with_cases(if is_deep_tier() { 10_000 } else { 256 })
    }

    /// Texts that are ids, that nearly are, and that are nothing of the kind.
    fn texts() -> impl Strategy<Value = String> {
        let good = prop_oneof![
            "[hecm]-[0-9a-f]{12}",
            "[hecm]-[0-9a-f]{16}",
            "[hecm]-[0-9a-f]{20}",
            "[a-z0-9][a-z0-9-]{0,79}",
            "[a-z][a-z0-9_]{0,63}",
        ];
        let piece = prop_oneof![
            Just("../".to_owned()),
            Just("/".to_owned()),
            Just("\\".to_owned()),
            Just("\0".to_owned()),
            Just("\n".to_owned()),
            Just("\u{1b}[2J".to_owned()),
            Just("\u{202e}".to_owned()),
            Just("é".to_owned()),
            Just("A".to_owned()),
            Just("x".repeat(70)),
            any::<String>(),
        ];
        let spoilt = (good.clone(), piece, any::<prop::sample::Index>()).prop_map(|(good, piece, at)| {
            let mut text = good;
            text.insert_str(at.index(text.len() + 1), &piece);
            text
        });
        prop_oneof![2 => good, 3 => spoilt, 1 => any::<String>()]
    }

    /// Holds a text against the grammar of one type, by way of a file's name and of JSON.
    fn check<T>(text: &str, fits: bool) -> Result<(), TestCaseError>
    where
        T: FromStr + Serialize + DeserializeOwned + Debug,
        T::Err: std::fmt::Display,
    {
        let json = serde_json::to_string(text).unwrap();
        let read = serde_json::from_str::<T>(&json);
        prop_assert_eq!(read.is_ok(), fits, "{:?}", text);
        match (text.parse::<T>(), read) {
            (Ok(parsed), Ok(read)) => {
                prop_assert_eq!(serde_json::to_string(&parsed).unwrap(), json.clone());
                prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
                let parts: Vec<Component> = Path::new(text).components().collect();
                prop_assert_eq!(parts, [Component::Normal(text.as_ref())]);
                prop_assert!(text.len() <= 80 && text.bytes().all(|byte| byte.is_ascii_graphic()));
            }
            (Err(parsed), Err(read)) => {
                let told = parsed.to_string();
                prop_assert!(read.to_string().starts_with(&told), "{} and {}", told, read);
                prop_assert!(
                    told.contains("expected") && !told.contains(char::is_control),
                    "{}",
                    told
                );
                prop_assert!(told.chars().count() < 250, "{}", told);
            }
            other => prop_assert!(false, "{:?}", other.0.is_ok()),
        }
        Ok(())
    }

    /// The grammar of the derived ids, spelt once more.
    fn is_derived(text: &str, kind: char, digits: usize) -> bool {
        let mut letters = text.chars();
        letters.next() == Some(kind)
            && letters.next() == Some('-')
            && letters.clone().count() == digits
            && letters.all(|letter| "0123456789abcdef".contains(letter))
    }

    fn is_made_of(text: &str, first: &str, rest: &str, longest: usize) -> bool {
        let mut letters = text.chars();
        letters.next().is_some_and(|letter| first.contains(letter))
            && letters.all(|letter| rest.contains(letter))
            && text.chars().count() <= longest
    }

    const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
    const DIGITS: &str = "0123456789";

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn an_id_is_what_its_grammar_says(text in texts()) {
            check::<HypothesisId>(&text, is_derived(&text, 'h', 12))?;
            check::<ExperimentId>(&text, is_derived(&text, 'e', 12))?;
            check::<ClaimId>(&text, is_derived(&text, 'c', 16))?;
            check::<MessageId>(&text, is_derived(&text, 'm', 20))?;
            let alphanumeric = format!("{LOWER}{DIGITS}");
            check::<RunId>(&text, is_made_of(&text, &alphanumeric, &format!("{alphanumeric}-"), 80))?;
            check::<AgentName>(&text, is_made_of(&text, LOWER, &format!("{alphanumeric}_"), 64))?;
        }

        #[test]
        fn what_is_derived_fits(content in any::<Vec<u8>>(), index in any::<usize>()) {
            let run = RunId::from_text(&String::from_utf8_lossy(&content));
            for id in [
                HypothesisId::derive(&content).to_string(),
                ExperimentId::derive(&content).to_string(),
                ClaimId::derive(&content).to_string(),
                MessageId::derive(&run, None, index).to_string(),
            ] {
                prop_assert!(
                    [
                        id.parse::<HypothesisId>().is_ok(),
                        id.parse::<ExperimentId>().is_ok(),
                        id.parse::<ClaimId>().is_ok(),
                        id.parse::<MessageId>().is_ok(),
                    ]
                    .into_iter()
                    .filter(|fits| *fits)
                    .count()
                        == 1,
                    "{}",
                    id
                );
            }
            prop_assert!(run.as_str().parse::<RunId>().is_ok());
        }
    }

    #[test]
    fn a_record_with_an_id_that_is_a_path_is_not_read() {
        let line = serde_json::json!({
            "seq": 1, "event": "judged", "arm": "observed", "cycle": 1, "hypothesis": "h-0123456789ab",
            "experiment": "e-0123456789ab", "detail": "d",
        });
        let read = |line: &serde_json::Value| serde_json::from_value::<crate::science::LedgerLine>(line.clone());
        assert!(read(&line).is_ok());
        for (key, what) in [
            ("hypothesis", "the id of a hypothesis"),
            ("experiment", "the id of an experiment"),
        ] {
            for bad in ["../../../etc", "/etc", "", "e-0123456789a/", "h-0123456789AB"] {
                let mut line = line.clone();
                line[key] = bad.into();
                let told = read(&line).unwrap_err().to_string();
                assert!(
                    told.starts_with(&format!("`{bad}` is not {what}: expected `")),
                    "{told}"
                );
            }
        }
    }
}
