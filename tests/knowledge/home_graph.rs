//! `kosmos graph` on the graph in the home folder.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

use kosmos::graph::{Facts, import_jsonld};
use serde_json::{Value, json};

use crate::small_graph::{HOSTILE, document, finding, small_graph, table};
use kosmos_testing::{ShellOutcome, TestShell};

/// A shell whose home has the small graph.
fn shell() -> TestShell {
    let shell = TestShell::new().file("lab.jsonld", &document());
    let imported = done(&shell, &["graph", "import", "lab.jsonld"]);
    let stats = small_graph().merge_duplicates().unwrap();
    let told = format!(
        "{} nodes, {} edges merged into DESK/.kosmos/graph\n",
        stats.nodes.len(),
        stats.edges.len()
    );
    assert_eq!(imported.stdout, told);
    shell
}

fn done(shell: &TestShell, arguments: &[&str]) -> ShellOutcome {
    let outcome = shell.kosmos(arguments);
    assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
    outcome
}

fn refused(shell: &TestShell, arguments: &[&str]) -> String {
    let outcome = shell.kosmos(arguments);
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (2, ""),
        "{arguments:?}: {outcome:?}"
    );
    outcome.stderr
}

/// The rows of an answer, each as the values of some columns.
fn rows(shell: &TestShell, question: &[&str], columns: &[&str]) -> Value {
    let arguments = [&["graph", "query"], question, &["--json"]].concat();
    let answer = done(shell, &arguments).json();
    let rows = answer["rows"].as_array().unwrap().iter();
    rows.map(|row| columns.iter().map(|column| row[*column].clone()).collect::<Value>())
        .collect()
}

/// The small graph is one as version 1 wrote it: without analyses and relations.
#[test]
fn a_graph_of_version_1_is_read_and_sync_upgrades_it() {
    let shell = shell();
    let stats = || done(&shell, &["graph", "stats", "--json"]).json();
    let read = || {
        [
            rows(&shell, &["neighbours", "body_mass"], &["x", "q", "runs"]),
            rows(&shell, &["contradictions"], &["statement"]),
        ]
    };
    let (before, answers) = (stats(), read());
    assert_eq!(before["schema_version"], 1);
    assert!(before["nodes"]["Analysis"].is_null());
    let synced = done(&shell, &["graph", "sync", "--json"]).json();
    let after = stats();
    assert_eq!(after["schema_version"], 2);
    let counts = |stats: &Value| json!({ "nodes": stats["nodes"], "edges": stats["edges"] });
    let expected = json!({ "schema_version": 2, "before": counts(&before), "after": counts(&after) });
    assert_eq!(synced["upgraded"], expected);
    let hypotheses = &before["nodes"]["Hypothesis"];
    assert_eq!(&after["nodes"]["Analysis"], hypotheses);
    assert_eq!(&after["edges"]["ANALYSED_BY"], hypotheses);
    for label in ["Hypothesis", "Result", "Finding"] {
        assert_eq!(after["nodes"][label], before["nodes"][label], "{label}");
    }
    assert_eq!(read(), answers);
    let again = done(&shell, &["graph", "sync", "--json"]).json();
    assert!(again["upgraded"].is_null(), "{again}");
    assert_eq!(stats(), after);
}

#[test]
fn a_home_without_a_graph_is_told_of_and_none_is_made() {
    let shell = TestShell::new();
    let stats = done(&shell, &["graph", "stats"]);
    assert_eq!(stats.stdout, "DESK/.kosmos/graph: 0 nodes, 0 edges\n");
    assert!(stats.stderr.contains("`kosmos graph sync`"), "{stats:?}");
    for arguments in [
        &["graph", "query", "neighbours", "body_mass"][..],
        &["graph", "query", "runs"],
        &["graph", "path", "a", "b"],
        &["graph", "export", "--format", "jsonld"],
        &["graph", "reset", "--yes"],
    ] {
        let outcome = done(&shell, arguments);
        assert!(outcome.stderr.contains("is empty; runs write to it"), "{outcome:?}");
    }
    let synced = done(&shell, &["graph", "sync"]);
    assert!(synced.stdout.starts_with("0 messages delivered"), "{synced:?}");
    assert!(!shell.path(".kosmos").exists());
}

#[test]
fn what_is_imported_is_counted_and_exported_again() {
    let shell = shell();
    let settled = small_graph().merge_duplicates().unwrap();
    let stats = done(&shell, &["graph", "stats", "--json"]).json();
    assert_eq!(
        (stats["store"].as_str(), stats["nodes"]["Finding"].as_u64()),
        (Some("embedded"), Some(5))
    );
    assert_eq!(stats["edges"]["CONTRADICTS"], 1);
    let counted = stats["nodes"].as_object().unwrap().values().filter_map(Value::as_u64);
    assert_eq!(counted.sum::<u64>(), settled.nodes.len() as u64);
    // A second import changes nothing.
    done(&shell, &["graph", "import", "lab.jsonld"]);
    assert_eq!(
        done(&shell, &["graph", "export", "--format", "jsonld"]).stdout,
        document()
    );
    for format in ["graphml", "cypher", "html"] {
        let file = format!("out.{format}");
        let arguments = ["graph", "export", "--format", format, "--output", &file, "--json"];
        let told = done(&shell, &arguments).json();
        assert_eq!(told["nodes"], settled.nodes.len());
        assert_eq!(told["output"], file);
        let written = fs::read_to_string(shell.path(&file)).unwrap();
        assert_eq!(written, done(&shell, &["graph", "export", "--format", format]).stdout);
    }
    let beside = fs::read_dir(shell.path("")).unwrap();
    let left = beside.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".tmp"));
    assert_eq!(left.count(), 0);
}

#[test]
fn a_project_is_exported_without_the_others() {
    let shell = shell();
    let text = done(&shell, &["graph", "export", "--format", "jsonld", "--project", "birds"]).stdout;
    let part: Facts = import_jsonld(&mut text.as_bytes()).unwrap();
    let runs = |id: &str| part.nodes.iter().any(|node| node.id == id);
    assert!(runs("run:r1") && runs("run:r2") && !runs("run:r3"));
    assert!(!text.contains("Is it cold?"));
    for edge in &part.edges {
        for end in [&edge.from, &edge.to] {
            assert!(part.nodes.iter().any(|node| node.id == *end), "{edge:?}");
        }
    }
    let stderr = refused(&shell, &["graph", "export", "--format", "jsonld", "--project", "bird"]);
    assert!(
        stderr.contains("knows no project `bird`; the nearest: `birds`"),
        "{stderr}"
    );
}

#[test]
fn questions_are_answered() {
    let shell = shell();
    let list = done(&shell, &["graph", "query", "--json"]).json();
    assert_eq!(list["questions"].as_array().unwrap().len(), 9);
    assert_eq!(
        rows(&shell, &["runs", "birds"], &["name", "project", "question", "cycles"]),
        json!([
            ["r1", "birds", "What goes with weight?", 2],
            ["r2", "birds", "What goes with weight?", 2]
        ])
    );
    assert_eq!(rows(&shell, &["runs"], &["name"]), json!([["r1"], ["r2"], ["r3"]]));
    // Whatever the case of its letters.
    assert_eq!(
        rows(&shell, &["neighbours", " Body_Mass "], &["x", "q", "runs"]),
        json!([
            ["flipper_length", 0.002, ["r1"]],
            ["flipper_length", 0.004, ["r2"]],
            ["bill_depth", 0.006, ["r2"]],
            ["bill_depth", 0.008, ["r1"]],
        ])
    );
    assert_eq!(
        rows(&shell, &["neighbours", "body_mass", "--limit", "1"], &["x", "q"]),
        json!([["flipper_length", 0.002]])
    );
    for question in [&["open"][..], &["open", "year"]] {
        assert_eq!(
            rows(&shell, question, &["statement", "p"]),
            json!([["body_mass goes with year", 0.07]])
        );
    }
    assert_eq!(rows(&shell, &["open", "island"], &["statement"]), json!([]));
    assert_eq!(
        rows(&shell, &["refuted"], &["statement", "p"]),
        json!([["island goes with year", 0.8]])
    );
    assert_eq!(
        rows(&shell, &["hypotheses", "year"], &["y", "supported", "refuted", "open"])
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        rows(
            &shell,
            &["hypotheses", "bill_depth"],
            &["y", "supported", "refuted", "open", "runs"]
        ),
        json!([["body_mass", 2, 0, 0, ["r1", "r2"]]])
    );
    let by_name = rows(&shell, &["settled", "penguins"], &["statement", "verdict", "p"]);
    assert_eq!(
        by_name,
        json!([
            ["body_mass goes with flipper_length", "supported", 0.001],
            ["body_mass goes with bill_depth", "supported", 0.004],
            ["body_mass goes with year", "open", 0.07],
            ["island goes with year", "refuted", 0.8],
        ])
    );
    let digits = table("penguins")[..10].to_owned();
    assert_eq!(
        rows(&shell, &["settled", &digits], &["statement", "verdict", "p"]),
        by_name
    );
}

#[test]
fn what_says_the_same_or_the_opposite_is_found_with_its_evidence() {
    let shell = shell();
    let columns = ["statement", "runs", "earlier_runs", "earlier_dataset"];
    for question in [&["replications"][..], &["replications", "flipper_length"]] {
        assert_eq!(
            rows(&shell, question, &columns),
            json!([["body_mass goes with flipper_length", ["r2"], ["r1"], table("penguins")]])
        );
    }
    assert_eq!(
        rows(&shell, &["contradictions"], &columns),
        json!([["body_mass goes with bill_depth", ["r2"], ["r1"], table("penguins")]])
    );
    assert_eq!(rows(&shell, &["contradictions", "year"], &columns), json!([]));
    let id = finding();
    let digits = id.strip_prefix("finding:").unwrap();
    for asked in [id.as_str(), digits, &digits[..20]] {
        let evidence = rows(&shell, &["evidence", asked], &["finding", "run", "template", "project"]);
        assert_eq!(evidence, json!([[id, "r1", "pair", "birds"]]), "{asked}");
    }
    let told = done(&shell, &["graph", "query", "evidence", &id]).stdout;
    let hash = told
        .lines()
        .find_map(|line| line.strip_prefix("script_sha256"))
        .unwrap();
    assert_eq!(hash.trim().len(), 64, "{told}");
    // The claim alone fits two findings.
    let stderr = refused(&shell, &["graph", "query", "evidence", &digits[..16]]);
    assert!(stderr.contains("several findings") && stderr.contains(&id), "{stderr}");
}

#[test]
fn what_the_graph_does_not_know_is_answered_with_the_nearest() {
    let shell = shell();
    for (arguments, part) in [
        (
            &["query", "neighbours", "body_mas"][..],
            "knows no variable `body_mas`; the nearest: `body_mass`",
        ),
        (
            &["query", "settled", "penguin"],
            "knows no dataset `penguin`; the nearest: `penguins`",
        ),
        (&["query", "settled", "zzz"], "knows no dataset `zzz`\n"),
        (&["query", "evidence", "zzz"], "knows no finding `zzz`"),
        (
            &["query", "runs", "brids"],
            "knows no project `brids`; the nearest: `birds`",
        ),
        (
            &["query", "neighbors", "year"],
            "there is no question `neighbors`; the nearest: `neighbours`",
        ),
        (&["query", "neighbours"], "needs its VARIABLE"),
        (&["query", "settled"], "needs its DATASET"),
        (&["path", "year", "bil_depth"], "the nearest: `bill_depth`"),
    ] {
        let stderr = refused(&shell, &[&["graph"], arguments].concat());
        assert!(stderr.contains(part), "{arguments:?}: {stderr}");
        assert!(stderr.contains("\nhelp: "), "{stderr}");
    }
}

#[test]
fn a_way_between_two_variables_is_found_or_said_to_be_none() {
    let shell = shell();
    let near = done(&shell, &["graph", "path", "bill_depth", "flipper_length", "--json"]).json();
    let labels: Vec<&str> = near["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["label"].as_str().unwrap())
        .collect();
    assert_eq!(
        (labels.len(), labels[0], labels[2], labels[4]),
        (5, "Concept", "Concept", "Concept"),
        "{near}"
    );
    assert_eq!(near["nodes"][2]["properties"]["name"], "body_mass");
    assert_eq!(near["edges"].as_array().unwrap().len(), 4);
    let text = done(&shell, &["graph", "path", "bill_depth", "flipper_length"]).stdout;
    assert_eq!(text.lines().count(), 9, "{text}");
    assert!(
        text.starts_with("Concept     bill_depth\n            ^ MENTIONS\n"),
        "{text}"
    );
    let short = done(
        &shell,
        &["graph", "path", "bill_depth", "flipper_length", "--longest", "3"],
    );
    assert_eq!(
        short.stdout,
        "no path from bill_depth to flipper_length within 3 steps\n"
    );
    let itself = done(&shell, &["graph", "path", "year", "year", "--json"]).json();
    assert_eq!(
        (itself["found"].as_bool(), itself["edges"].as_array().unwrap().len()),
        (Some(true), 0)
    );
    // Ids are ends too; what everything comes from is left out unless it is asked for.
    let runs = ["graph", "path", "run:r1", "question:0", "--longest", "2"];
    assert_eq!(shell.kosmos(&runs).code, 2);
    let apart = done(&shell, &["graph", "path", "run:r1", "run:r2"]);
    assert!(apart.stdout.starts_with("no path from run:r1"), "{apart:?}");
    let near = done(&shell, &["graph", "path", "run:r1", "run:r2", "--provenance", "--json"]).json();
    assert_eq!(near["nodes"][1]["properties"]["text"], "What goes with weight?");
}

#[test]
fn hostile_text_is_data_and_moves_no_cursor() {
    let shell = shell();
    let found = rows(&shell, &["neighbours", HOSTILE], &["x", "runs"]);
    assert_eq!(found, json!([[HOSTILE, ["r3"]]]));
    for arguments in [
        &["query", "neighbours", HOSTILE][..],
        &["query", "hypotheses", "island"],
        &["query", "neighbours", "\u{1b}[2J\u{202e}"],
        &["path", HOSTILE, "island"],
        &["path", HOSTILE, "body_mass", "--longest", "1"],
    ] {
        let outcome = shell.kosmos(&[&["graph"], arguments].concat());
        let told = outcome.stdout + &outcome.stderr;
        assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told:?}");
        assert!(
            told.lines()
                .filter(|line| !line.contains(": "))
                .all(|line| line.chars().count() <= 100),
            "{told}"
        );
    }
}

#[test]
fn tables_fit_a_terminal() {
    let shell = shell();
    for question in [
        &[][..],
        &["runs"],
        &["neighbours", "body_mass"],
        &["hypotheses", "body_mass"],
        &["open"],
        &["settled", "penguins"],
        &["replications"],
    ] {
        let text = done(&shell, &[&["graph", "query"], question].concat()).stdout;
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{question:?}\n{text}"
        );
    }
    insta::assert_snapshot!("graph_query", done(&shell, &["graph", "query"]).stdout);
    insta::assert_snapshot!(
        "graph_query_neighbours",
        done(&shell, &["graph", "query", "neighbours", "body_mass"]).stdout
    );
    insta::assert_snapshot!("graph_stats", done(&shell, &["graph", "stats"]).stdout);
}

#[test]
fn only_who_means_it_empties_the_graph() {
    let shell = shell();
    let stderr = refused(&shell, &["graph", "reset"]);
    assert!(
        stderr.contains("stdin is not a terminal") && stderr.contains("--yes"),
        "{stderr}"
    );
    // A line in a pipe is nobody's word.
    let mut piped: Command = shell.command(&["graph", "reset"]);
    let mut piped = piped.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    piped.stdin.take().unwrap().write_all(b"reset\n").unwrap();
    assert_eq!(piped.wait().unwrap().code(), Some(2));
    let settled = small_graph().merge_duplicates().unwrap();
    let told = done(&shell, &["graph", "reset", "--yes", "--json"]).json();
    assert_eq!(
        told["removed"],
        json!({ "nodes": settled.nodes.len(), "edges": settled.edges.len() })
    );
    let left = done(&shell, &["graph", "stats"]).stdout;
    assert!(left.ends_with(": 0 nodes, 0 edges\n"), "{left}");
    // An emptied graph is as good as none.
    let asked = done(&shell, &["graph", "query", "neighbours", "body_mass"]);
    assert!(asked.stderr.contains("is empty; runs write to it"), "{asked:?}");
}

#[test]
fn wrong_use_is_named() {
    let shell = TestShell::new()
        .file("broken.jsonld", "{\"@context\": {")
        .file("other.jsonld", "{\"@context\": {}, \"@graph\": []}");
    for (arguments, part) in [
        (&["import", "none.jsonld"][..], "cannot read the document none.jsonld"),
        (&["import", "broken.jsonld"], "cannot import broken.jsonld"),
        (&["import", "other.jsonld"], "no export of Kosmos"),
        (&["import", "."], "cannot import ."),
        (&["export", "--format", "gexf"], "`gexf` is no format"),
        (&["export"], "--format"),
        (&["export", "--format", "html", "--run", "none"], "none"),
        (
            &["export", "--format", "html", "--run", "a", "--project", "b"],
            "cannot be used with",
        ),
        (
            &["export", "--format", "html", "--output", "no/such/folder/x"],
            "cannot write no/such/folder/x",
        ),
        (&["export", "--format", "html", "--output", "."], "cannot write ."),
        (&["sync", "none"], "none"),
        (&["query", "--cypher", "MATCH (n) RETURN n"], "does not support Cypher"),
        (&["query", "runs", "--write"], "--cypher"),
        (&["query", "--cypher", "RETURN 1", "--param", "q"], "NAME=JSON"),
        (&["query", "--cypher", "RETURN 1", "--param", "q=mass"], "is not JSON"),
        (&["query", "runs", "--limit", "0"], "0"),
        (&["path", "a"], "TO"),
        (&["stats", "--store", "paper"], "paper"),
        (
            &["stats", "--store", "neo4j", "--set", "graph.store=embedded"],
            "graph.store",
        ),
    ] {
        let stderr = refused(&shell, &[&["graph"], arguments].concat());
        assert!(stderr.contains(part), "{arguments:?}: {stderr}");
    }
    let told = shell.kosmos(&["graph", "export", "--format", "html", "--json"]);
    assert_eq!((told.code, told.json()["error"]["kind"].as_str()), (2, Some("usage")));
}

#[test]
fn a_graph_that_another_has_open_or_that_is_damaged_is_said() {
    let shell = shell();
    let held = kosmos::graph::EmbeddedGraph::open(&shell.path(".kosmos/graph")).unwrap();
    let outcome = shell.kosmos(&["graph", "stats", "--set", "graph.wait=100ms"]);
    assert_eq!(outcome.code, 5, "{outcome:?}");
    assert!(outcome.stderr.contains("another process works with it"), "{outcome:?}");
    drop(held);
    done(&shell, &["graph", "stats"]);
}

#[test]
fn a_server_that_is_not_there_is_exit_code_5_and_never_replaced() {
    let shell = shell();
    let nowhere = [
        "--store",
        "neo4j",
        "--set",
        "graph.uri=bolt://127.0.0.1:1",
        "--set",
        "graph.timeout=1s",
        "--set",
        "graph.wait=1s",
    ];
    for command in [
        &["graph", "stats"][..],
        &["graph", "query", "runs"],
        &["graph", "query", "--cypher", "RETURN 1"],
        &["graph", "path", "a", "b"],
        &["graph", "export", "--format", "html"],
        &["graph", "import", "lab.jsonld"],
        &["graph", "sync"],
        &["graph", "reset", "--yes"],
    ] {
        let outcome = shell.kosmos(&[command, &nowhere].concat());
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (5, ""),
            "{command:?}: {outcome:?}"
        );
        assert!(outcome.stderr.contains("127.0.0.1:1"), "{outcome:?}");
    }
}
