use super::super::{catalogue::KeyCatalogue, request::DEFAULTS};
use super::*;

#[test]
fn the_defaults_name_every_key_and_explain_it() {
    let mut section = String::new();
    let mut named = std::collections::BTreeSet::new();
    let mut explained = false;
    let mut list = String::new();
    for line in DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix("#   [[").and_then(|rest| rest.strip_suffix("]]")) {
            list = format!("{name}[].");
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
            assert!(explained, "[{name}] has no comment");
        }
        let assignment = line.trim_start_matches("# ").trim_start();
        let is_key = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if let Some((name, _)) = assignment.split_once(" = ").filter(|(name, _)| is_key(name)) {
            let prefix = if line.starts_with("#   ") {
                list.clone()
            } else {
                section.clone()
            };
            named.insert(format!("{prefix}{name}"));
        }
        explained = line.starts_with('#');
    }
    let keys: std::collections::BTreeSet<String> = KeyCatalogue::get().keys().map(ToOwned::to_owned).collect();
    assert_eq!(named, keys);
}

#[test]
fn every_key_is_described_in_the_schema() {
    fn check(path: &str, schema: &serde_json::Value) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            assert!(property["description"].is_string(), "{path}");
            check(&path, property);
            check(&path, &property["items"]);
        }
    }
    check("", Settings::schema().as_value());
}
