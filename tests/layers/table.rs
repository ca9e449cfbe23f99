//! The layers of the program.

/// From the bottom to the top: a name, and the top-level modules of `src/` and the crates in it. A module may import
/// those of its own layer and of the layers above it in this list.
pub const LAYERS: [(&str, &[&str]); 10] = [
    ("core", &["kosmos-core", "kosmos-testing"]),
    ("sandbox", &["kosmos-sandbox"]),
    ("engine", &["kosmos-engine"]),
    ("vocabulary", &["science", "study", "progress", "shipped"]),
    ("means", &["graph", "llm", "prompt", "telemetry"]),
    ("settings", &["config"]),
    (
        "research",
        &[
            "message",
            "agent",
            "journal",
            "supervisor",
            "words",
            "stats",
            "policy",
            "actors",
        ],
    ),
    ("plugins and report", &["plugin", "report", "legacy"]),
    ("lab", &["lab"]),
    ("ways in and out", &["cli"]),
];

/// Gives the place of a module's or crate's layer in [`LAYERS`].
pub fn layer_of(name: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, members)| members.contains(&name))
}
