//! What a `Cargo.toml` says of other crates of the workspace.

/// Gives the name of the package.
pub fn name(text: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix("name = \""));
    line.and_then(|rest| rest.strip_suffix('"')).unwrap().to_owned()
}

/// Gives the dependencies on crates of the workspace, except those of tests alone, with their lines.
pub fn dependencies(text: &str) -> Vec<(usize, String)> {
    let mut counts = false;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(section) = line.strip_prefix('[') {
            counts = section.contains("dependencies") && !section.contains("dev-dependencies");
        }
        if counts && line.starts_with("kosmos") {
            let name = line
                .split(|letter: char| !letter.is_alphanumeric() && letter != '-')
                .next();
            found.push((index + 1, name.unwrap().to_owned()));
        }
    }
    found
}
