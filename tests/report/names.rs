//! Names that want to be more than names.

use kosmos::report::terminal_summary;
use serde_json::Value;

use crate::lab::{Lab, Names};

fn hostile() -> Names {
    Names {
        x: "<script>alert(1)</script>".into(),
        y: "a\"b'c|d`e``f [g](http://evil.example/?q=1) \u{202E}txt\u{202C}\nnew line\u{1b}[31m".into(),
        group: "\"); import os; os.system(\"true\") #".into(),
        level: "&lt;img src=x onerror=alert(2)> | ![x](http://evil.example/p.png)".into(),
        question: "# Is <b>this</b> | a **question**?\n\n[no](javascript:alert(3))".into(),
    }
}

fn rendered() -> Lab {
    let lab = Lab::with(&hostile());
    lab.render().unwrap();
    lab
}

#[test]
fn html_holds_them_as_text() {
    let html = rendered().read("report.html");
    for active in [
        "<script>",
        "<img src=x",
        "<b>this",
        "\u{202E}",
        "\u{1b}",
        "href=\"http",
        "href=\"javascript",
    ] {
        assert!(!html.contains(active), "{active:?}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(html.contains("&amp;lt;img src=x onerror=alert(2)&gt;"));
    let tags = html.matches('<').count();
    assert_eq!(tags, html.matches('>').count(), "a name broke a tag");
}

#[test]
fn markdown_holds_them_as_text() {
    let lab = rendered();
    let report = lab.read("report.md");
    assert!(!report.contains('\u{202E}') && !report.contains('\u{1b}'));
    assert!(
        report.starts_with("# \\# Is \\<b\\>this\\</b\\> \\| a \\*\\*question\\*\\*?"),
        "{report:.200}"
    );
    // Outside code spans and our own anchors there is no tag, and no link but our own.
    for line in report.lines().filter(|line| !line.starts_with("<a id=\"")) {
        let bare = outside_code(line).replace("\\]", "");
        assert!(!bare.replace("\\<", "").replace("](<", "](").contains('<'), "{line}");
        assert!(!bare.contains("](http") && !bare.contains("](javascript"), "{line}");
    }
}

#[test]
fn tables_keep_their_columns() {
    let report = rendered().read("report.md");
    let mut columns = 0;
    for line in report.lines() {
        if !line.starts_with('|') {
            columns = 0;
            continue;
        }
        let cells = line.replace("\\|", "").matches('|').count();
        assert!(columns == 0 || cells == columns, "{line}");
        columns = cells;
    }
}

#[test]
fn the_notebook_holds_them_as_strings() {
    let notebook: Value = serde_json::from_str(&rendered().read("notebook.ipynb")).unwrap();
    let cells = notebook["cells"].as_array().unwrap();
    let code = cells.iter().filter(|cell| cell["cell_type"] == "code").skip(1);
    for line in code.flat_map(|cell| cell["source"].as_array().unwrap()) {
        let line = line.as_str().unwrap();
        assert!(line.starts_with("rerun(\"") || line.starts_with("draw(\""), "{line}");
        assert!(line.is_ascii() && line.trim_end().ends_with(')'), "{line}");
    }
}

#[test]
fn the_terminal_gets_plain_text() {
    let summary = terminal_summary(&rendered().dossier());
    assert!(!summary.contains('\u{1b}') && !summary.contains('\u{202E}'));
    assert!(summary.lines().all(|line| line.chars().count() <= 80), "{summary}");
}

/// A line without its code spans.
fn outside_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        if rest[..start].ends_with('\\') {
            out.push_str(&rest[..=start]);
            rest = &rest[start + 1..];
            continue;
        }
        out.push_str(&rest[..start]);
        let fence = rest[start..].chars().take_while(|letter| *letter == '`').count();
        let inner = &rest[start + fence..];
        let mut at = 0;
        let end = loop {
            let Some(next) = inner[at..].find('`') else {
                break inner.len();
            };
            let run = inner[at + next..].chars().take_while(|letter| *letter == '`').count();
            if run == fence {
                break at + next + run;
            }
            at += next + run;
        };
        rest = &inner[end..];
    }
    out + rest
}
