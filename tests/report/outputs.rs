//! What the outputs say.

use std::collections::HashSet;

use kosmos::report::{build_findings, terminal_summary};
use kosmos::science::Findings;
use serde_json::{Value, json};

use crate::lab::Lab;

#[test]
fn markdown() {
    let lab = Lab::new();
    let written = lab.render().unwrap();
    insta::assert_snapshot!(std::fs::read_to_string(written.markdown).unwrap());
}

#[test]
fn summary() {
    let lab = Lab::new();
    let summary = terminal_summary(&lab.dossier());
    assert!(summary.lines().all(|line| line.chars().count() <= 80), "{summary}");
    insta::assert_snapshot!(summary);
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let lab = Lab::new();
    let outputs = || {
        let written = lab.render().unwrap();
        [written.findings, written.markdown, written.html, written.notebook].map(|path| std::fs::read(path).unwrap())
    };
    assert_eq!(outputs(), outputs());
}

#[test]
fn nothing_half_written_is_left() {
    let lab = Lab::new();
    lab.render().unwrap();
    let names = std::fs::read_dir(lab.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().contains("tmp")));
}

/// The lines of the cited files hold the numbers that stand in the page.
#[test]
fn every_link_leads_to_a_line_that_holds_a_number() {
    let lab = Lab::new();
    lab.render().unwrap();
    let html = lab.read("report.html");
    let mut seen = 0;
    for link in html.split("<a class=\"n\" href=\"").skip(1) {
        let href = link.split('"').next().unwrap();
        let (file, line) = href.split_once('#').unwrap_or((href, ""));
        if let Some(line) = line.strip_prefix('L').and_then(|line| line.parse::<usize>().ok()) {
            let text = lab.read(file);
            let cited = text.lines().nth(line - 1).unwrap();
            assert!(cited.chars().any(|letter| letter.is_ascii_digit()), "{href}: {cited}");
            seen += 1;
        } else {
            assert!(lab.path(file).is_file(), "{href}");
        }
    }
    assert!(seen > 50, "{seen} numbers only");
}

#[test]
fn the_page_stands_alone() {
    let lab = Lab::new();
    lab.render().unwrap();
    let html = lab.read("report.html");
    for foreign in ["http://", "https://", "<script", "<link", "@import", "url("] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    assert!(html.contains("src=\"data:image/png;base64,iVBORw0KGgo"));
}

#[test]
fn the_page_has_a_picture_of_what_was_found() {
    let mut lab = Lab::new();
    let node = |label: &str, id: &str, name: &str| json!({"label": label, "id": id, "properties": {"name": name, "direction": "-"}});
    let mention =
        |to: &str, role: &str| json!({"type": "MENTIONS", "from": "finding:f", "to": to, "properties": {"role": role}});
    lab.dossier["knowledge"] = json!({
        "nodes": [node("Finding", "finding:f", ""), node("Concept", "concept:a", "</svg><b>a 1"), node("Concept", "concept:b", "b 2")],
        "edges": [mention("concept:a", "x"), mention("concept:b", "y")],
    });
    lab.render().unwrap();
    let html = lab.read("report.html");
    let section = html.split("id=\"knowledge\">").nth(1).unwrap();
    let picture = section.split("<svg").nth(1).unwrap().split("</svg>").next().unwrap();
    assert!(
        picture.contains("&lt;/svg&gt;&lt;b&gt;a 1</text>") && picture.contains("b 2</text>"),
        "{picture}"
    );
    assert!(!html.contains("http://"));
    let markdown = lab.read("report.md");
    assert!(
        !markdown.contains("<svg") && markdown.contains("[report.html](<report.html>)"),
        "{markdown}"
    );
}

#[test]
fn findings_are_sorted_by_the_contract() {
    let mut lab = Lab::new();
    lab.dossier["tests"].as_array_mut().unwrap().reverse();
    let mut found = build_findings(&lab.dossier());
    let ids = |tests: &[kosmos::science::ReportedTest]| {
        tests.iter().map(|test| test.record.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&found.findings), ["h-500000000005", "h-100000000001"]);
    assert_eq!(
        ids(&found.tests),
        ["h-500000000005", "h-100000000001", "h-300000000003"]
    );
    lab.render().unwrap();
    let written = lab.read("findings.json");
    assert!(written.ends_with("}\n"));
    // By which words a column was named is not written.
    found.inquiry.iter_mut().for_each(|inquiry| inquiry.named.clear());
    assert_eq!(serde_json::from_str::<Findings>(&written).unwrap(), found);
}

#[test]
fn the_notebook_is_valid() {
    let lab = Lab::new();
    lab.render().unwrap();
    let notebook: Value = serde_json::from_str(&lab.read("notebook.ipynb")).unwrap();
    assert_eq!(
        (&notebook["nbformat"], &notebook["nbformat_minor"]),
        (&json!(4), &json!(5))
    );
    let cells = notebook["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 2 + 2 * 2);
    let mut ids = HashSet::new();
    for cell in cells {
        let id = cell["id"].as_str().unwrap();
        assert!(
            (1..=64).contains(&id.len()) && id.chars().all(|letter| letter.is_ascii_alphanumeric()),
            "{id}"
        );
        assert!(ids.insert(id), "{id} twice");
        assert!(cell["source"].as_array().unwrap().iter().all(Value::is_string));
        let keys: Vec<_> = cell.as_object().unwrap().keys().map(String::as_str).collect();
        match cell["cell_type"].as_str().unwrap() {
            "code" => assert_eq!(
                keys,
                ["cell_type", "execution_count", "id", "metadata", "outputs", "source"]
            ),
            _ => assert_eq!(keys, ["cell_type", "id", "metadata", "source"]),
        }
    }
    assert_eq!(
        cells[3]["source"],
        json!([
            "rerun(\"e-400000000004\", \"/tests/0\")\n",
            "draw(\"experiments/e-500000000005/table.parquet\", \"bill_length_mm\", \"bill_depth_mm\")"
        ])
    );
}

#[test]
fn a_run_that_found_nothing_says_so() {
    let mut lab = Lab::new();
    lab.dossier["question"] = json!("What goes together?");
    let nothing = lab.dossier["tests"][2].clone();
    lab.dossier["tests"] = json!([nothing]);
    let ledger = lab.dossier["ledger"].as_array_mut().unwrap();
    ledger.retain(|line| {
        line["event"] != "judged" || line["hypothesis"] == "h-300000000003" || line["arm"] == "shuffled"
    });
    lab.save_ledger();
    lab.dossier["cycles"][0]["tested"] = json!(1);
    lab.dossier["cycles"][0]["significant"] = json!(0);
    lab.dossier["families"][0]["tests"] = json!(1);
    lab.dossier["families"][0]["significant"] = json!(0);
    lab.render().unwrap();
    let report = lab.read("report.md");
    assert!(report.contains("**Nothing was detected.**"));
    assert!(report.contains("smallest detectable effect"));
    assert!(!report.contains("## Findings"));
    assert_eq!(
        terminal_summary(&lab.dossier()).trim_end(),
        "Nothing was detected in 1 test."
    );
}

/// A column that the question names and that took part in no test is no null result.
#[test]
fn a_column_that_was_asked_about_and_not_tested_is_said_first() {
    let mut lab = Lab::new();
    lab.dossier["question"] = json!("Does the rowid depend on the species?");
    lab.dossier["target"] = json!("rowid");
    lab.render().unwrap();
    let report = lab.read("report.md");
    let told = "**Asked about and not tested:** `rowid` (numbers the rows. If its values are amounts or groups, declare its \
                type in a codebook). Nothing below is about it.";
    let (before, after) = report.split_once(told).unwrap_or_else(|| panic!("{report}"));
    assert_eq!(before.trim(), "# Does the rowid depend on the species?");
    assert!(!after.contains("Nothing was detected about"), "{after}");
    let terminal = terminal_summary(&lab.dossier());
    assert!(
        terminal.starts_with("Not tested: rowid (numbers the rows. If its values"),
        "{terminal}"
    );

    let mut alone = Lab::empty();
    let columns = lab.dossier["datasets"][0]["profile"]["columns"].as_array().unwrap();
    alone.dossier["datasets"] = lab.dossier["datasets"].clone();
    alone.dossier["datasets"][0]["profile"]["columns"] = json!([columns[0]]);
    alone.dossier["question"] = json!("What goes with the bill length?");
    let told = "Not tested: bill_length_mm (the table has no other column that can be tested).";
    assert!(terminal_summary(&alone.dossier()).contains(told));

    lab.dossier["question"] = json!("Does the bill's length depend on its depth?");
    lab.dossier["target"] = json!(null);
    lab.render().unwrap();
    assert!(!lab.read("report.md").contains("not tested:"));
}

/// What was asked for by name comes first, with its interval where nothing was found.
#[test]
fn a_relation_that_was_asked_for_comes_first() {
    let mut lab = Lab::new();
    let tests = lab.dossier["tests"].as_array().unwrap();
    let missed = tests.iter().find(|test| test["significant"] == false).unwrap().clone();
    let dataset = missed["dataset"].clone();
    let relation = json!({"x": missed["x"], "y": missed["y"]});
    lab.dossier["asked"] = json!([{"dataset": dataset, "about": {"relation": relation}, "state": "tested"}]);
    lab.render().unwrap();
    let report = lab.read("report.md");
    let first = report.lines().find(|line| line.starts_with("- ")).unwrap();
    assert!(
        first.contains("no detectable association") && first.contains(" of "),
        "{first}"
    );
    assert!(
        first.contains(missed["x"].as_str().unwrap()) && first.contains(" to "),
        "{first}"
    );
    let found = build_findings(&lab.dossier());
    assert_eq!(found.answer.relations, [found.relations[0].id.clone()]);
    assert_eq!(found.relations[0].relevance, 1.0);
    let terminal = terminal_summary(&lab.dossier());
    assert!(terminal.starts_with("No relation of "), "{terminal}");
    let mut lines = terminal.lines().skip_while(|line| !line.starts_with("+="));
    let row = lines.nth(1).unwrap();
    assert!(
        row.contains(missed["y"].as_str().unwrap().get(..5).unwrap()),
        "{terminal}"
    );

    // A relation that cannot be tested is told with its reason, in both.
    let reason = json!({"code": "by_construction", "text": "they go together by construction"});
    lab.dossier["asked"][0]["state"] = json!({"untestable": reason});
    lab.render().unwrap();
    assert!(lab.read("report.md").contains("(they go together by construction)"));
    assert!(terminal_summary(&lab.dossier()).contains("(they go together by construction)"));
    kosmos_testing::schema::assert_findings_are_valid(&serde_json::from_str(&lab.read("findings.json")).unwrap());
}

#[test]
fn every_end_has_its_report() {
    for (status, says) in [
        ("answered", "**Answered**"),
        ("exhausted", "**Exhausted**"),
        ("not_answerable", "**Nothing could be tested**"),
        ("budget_spent", "**Budget spent**"),
        ("stopped", "**Stopped**"),
        ("failed", "**Failed**"),
    ] {
        for mut lab in [Lab::new(), Lab::empty()] {
            lab.dossier["end"]["status"] = json!(status);
            lab.render().unwrap();
            assert!(lab.read("report.md").contains(says), "{status}");
        }
    }
}

#[test]
fn empty_run() {
    let mut lab = Lab::empty();
    lab.dossier["end"] = json!({"status": "failed", "reason": {"kind": "bad_input", "code": "empty_table"},
        "message": "The table has no rows."});
    let written = lab.render().unwrap();
    insta::assert_snapshot!(std::fs::read_to_string(written.markdown).unwrap());
    assert_eq!(
        terminal_summary(&lab.dossier()),
        "The run ended before everything that was asked had been tested.\nNo test was judged."
    );
}

/// Where rows repeat a unit, a script says to judge by the p with errors clustered by unit.
#[test]
fn the_p_that_was_judged_is_cited_from_its_own_place() {
    let mut lab = Lab::new();
    let mut result: Value = serde_json::from_str(&lab.read("experiments/e-200000000002/result.json")).unwrap();
    result["tests"][0]["p_judged"] = json!(0.0007);
    let result = serde_json::to_string_pretty(&result).unwrap();
    lab.write("experiments/e-200000000002/result.json", result.as_bytes());
    let hash = json!(kosmos::science::sha256_hex(&result));
    lab.dossier["experiments"][2]["result_sha256"] = hash.clone();
    lab.dossier["tests"][1]["evidence"]["result_sha256"] = hash;
    lab.dossier["tests"][1]["p"] = json!(0.0007);
    let ledger = lab.dossier["ledger"].as_array_mut().unwrap();
    let judged = ledger
        .iter_mut()
        .find(|line| line["event"] == "judged" && line["hypothesis"] == "h-100000000001");
    judged.unwrap()["p"] = json!(0.0007);
    lab.save_ledger();
    lab.render().unwrap();
    assert!(lab.read("report.html").contains("/tests/0/p_judged\">7.00×10⁻⁴</a>"));
}

#[test]
fn what_the_models_took_is_in_the_report() {
    let mut lab = Lab::new();
    let share = |name: &str, calls: u64, usd: f64| json!({"name": name, "calls": calls, "input": 12_000, "output": 345, "usd": usd});
    lab.dossier["model_use"] = json!({
        "total": share("total", 3, 0.25), "estimated": 2, "unpriced": 1,
        "models": [share("qwen2.5/coder|7b", 3, 0.25)], "agents": [share("data_analyst", 3, 0.25)],
        "cycles": [share("1", 1, 0.0), share("2", 2, 0.25)],
    });
    lab.render().unwrap();
    let report = lab.read("report.md");
    for line in [
        "## The model’s part",
        "| all | the whole run | [3](journal.jsonl) | [12,000](journal.jsonl) | [345](journal.jsonl) | [0.250](journal.jsonl) |",
        "| agent | data_analyst | [3](journal.jsonl) |",
        "| cycle | 2 | [2](journal.jsonl) |",
        "tokens of [2](journal.jsonl) calls",
        "models of [1](journal.jsonl) calls",
    ] {
        assert!(report.contains(line), "{line}:\n{report}");
    }
    let plain = Lab::new();
    plain.render().unwrap();
    assert!(!plain.read("report.md").contains("model’s part"));
}
