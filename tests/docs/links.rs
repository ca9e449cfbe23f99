//! Links between pages, and from pages to files of the repository.

use std::{fs, path::Path, process::Command};

use kosmos_testing::repository_path;

use super::page::Page;

/// All Markdown files under version control.
fn markdown_files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.md"])
        .current_dir(repository_path(""))
        .output()
        .unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let files = String::from_utf8(listed.stdout).unwrap();
    files.lines().map(str::to_owned).collect()
}

/// The targets of the links and pictures of a text, with line numbers.
fn targets(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let defined = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        let all = inline.chain(defined.map(|(_, target)| target));
        found.extend(all.map(|target| (at + 1, target)));
    }
    found
}

/// Why a target leads nowhere.
fn problem(page: &str, target: &str) -> Option<String> {
    if ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| target.starts_with(scheme))
    {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(page).parent().unwrap();
    let path = match file {
        "" => page.to_owned(),
        file => folder.join(file).to_str().unwrap().to_owned(),
    };
    if !Path::new(&repository_path(&path)).exists() {
        return Some(format!("there is no {path}"));
    }
    if anchor.is_empty() {
        return None;
    }
    let headings = headings(&path);
    let known = headings.iter().any(|known| known == anchor);
    (!known).then(|| format!("{path} has no heading #{anchor}; it has {headings:?}"))
}

fn headings(path: &str) -> Vec<String> {
    let text = fs::read_to_string(repository_path(path)).unwrap();
    let prose = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at, line.to_owned()))
        .collect();
    let blocks = Vec::new();
    Page { text, blocks, prose }.anchors()
}

#[test]
fn links_lead_somewhere() {
    let (mut problems, mut links) = (Vec::new(), 0);
    for page in markdown_files() {
        // Written as skeletons and prompts: their links and brackets are not of this repository.
        if ["/skeletons/", "/prompts/"].iter().any(|part| page.contains(part)) {
            continue;
        }
        let text = fs::read_to_string(repository_path(&page)).unwrap();
        for (line, target) in targets(&text) {
            links += 1;
            problems.extend(problem(&page, target).map(|problem| format!("{page}:{line}: {problem}")));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(links > 100, "only {links} links were found");
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    assert_eq!(targets("a [b](c.md#d) e\n[f]: g"), [(1, "c.md#d"), (2, "g")]);
    assert!(problem("README.md", "docs/none.md").is_some());
    assert!(problem("README.md", "docs/sandbox.md#none").is_some());
    assert!(problem("docs/sandbox.md", "../SECURITY.md").is_none());
}
