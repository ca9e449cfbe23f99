//! Code that a model writes, in whole runs: what is right is found in two ways and reported with both, what is not
//! right is told as untested with its reason.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use super::lab::{Purpose, purpose};
use kosmos_testing::{
    TestHome, describe_output,
    model_server::{Asked, ModelServer, ScriptedReply},
    read_findings, read_findings_text,
    service::find_container_engine,
};

/// Whose question for code it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Author {
    First,
    Second,
    Repair,
}

fn author(asked: &Asked) -> Author {
    let system = asked.system();
    match () {
        () if system.starts_with("You repair") => Author::Repair,
        () if system.starts_with("A colleague and you") => Author::Second,
        () => Author::First,
    }
}

const FIRST: &str = r#"def analyse(table):
    rows = complete(table, "height", "width", "yield")
    odd = (rows["height"] - rows["width"]) ** 2
    found = stats.pearsonr(odd, rows["yield"])
    r, n = float(found.statistic), len(rows)
    low, high = correlation_interval(r, n)
    return {"n": n, "statistic": r, "p": float(found.pvalue), "effect": r, "ci_low": low, "ci_high": high,
            "direction": "+" if r > 0 else "-", "test": "scipy.stats.pearsonr"}
"#;

/// The same by another way.
const SECOND: &str = r#"def analyse(table):
    rows = table.dropna()
    odd = np.square(rows["width"].to_numpy() - rows["height"].to_numpy())
    r = np.corrcoef(odd, rows["yield"])[0, 1]
    n = len(rows)
    t = r * math.sqrt((n - 2) / (1 - r * r))
    z, se = math.atanh(r), 1.959964 / math.sqrt(n - 3)
    return {"n": n, "statistic": t, "p": 2 * stats.t.sf(abs(t), n - 2), "effect": r, "ci_low": math.tanh(z - se),
            "ci_high": math.tanh(z + se), "direction": "+" if r > 0 else "-", "test": "numpy.corrcoef"}
"#;

/// Nothing is computed.
const MADE_UP: &str = r#"def analyse(table):
    print('{"tests": [{"p": 1e-30}]}')
    return {"n": len(table), "statistic": 9.9, "p": 1e-30, "effect": 0.99, "ci_low": 0.98, "ci_high": 0.999,
            "direction": "+", "test": "scipy.stats.pearsonr"}
"#;

fn code(text: &str) -> ScriptedReply {
    ScriptedReply::answer(&json!({"code": text, "notes": "as the protocol says"}))
}

/// A model that proposes one analysis and writes what `write` says.
fn scripted(
    server: &ModelServer,
    analysis: Value,
    write: impl Fn(Author, &Asked) -> ScriptedReply + Send + Sync + 'static,
) {
    server.respond(move |asked| match purpose(asked) {
        Purpose::FollowUp => ScriptedReply::answer(&json!({"hypotheses": [], "analyses": [analysis]})),
        Purpose::Deliberate => {
            ScriptedReply::answer(&json!({"focus": "the shape", "stop": false, "reason": "it is open"}))
        }
        Purpose::Propose => ScriptedReply::answer(&json!({"hypotheses": []})),
        Purpose::Interpret => ScriptedReply::fitting(asked),
        Purpose::Code => write(author(asked), asked),
    });
}

/// An analysis that no built-in kind of test makes.
fn squareness() -> Value {
    json!({
        "x": "height", "y": "yield", "columns": ["height", "width", "yield"],
        "method": "Take the difference of height and width, square it, and make Pearson's test of it with yield.",
        "effect": "pearson_r", "family": null, "statement": "how far `height` is from `width` goes with `yield`",
        "rationale": "a shape is more than its sides",
    })
}

/// A model that proposes that, and whose two authors write the same by different ways.
fn squareness_in_two_ways(server: &ModelServer) {
    scripted(server, squareness(), |author, _| match author {
        Author::First => code(FIRST),
        Author::Second => code(SECOND),
        Author::Repair => code("no repair is needed"),
    });
}

/// Fields whose yield depends on how square they are, and on neither side alone.
struct Fields {
    home: TestHome,
    data: String,
}

impl Fields {
    fn new() -> Self {
        let mut random = fastrand::Rng::with_seed(11);
        let mut table = "height,width,yield,fence\n".to_owned();
        for _ in 0..120 {
            let mut even = || random.f64() * 2.0 - 1.0;
            let (height, width) = (even(), even());
            let noise = (even() + even() + even()) * 0.3;
            let yielded = 5.0 - (height - width).powi(2) + noise;
            // A field and its mirror image: what a side does to the yield of one it undoes in the other.
            for turn in [1.0, -1.0] {
                let (height, width) = (2.0 + turn * height, 2.0 + turn * width);
                let fence = height + (even() + even()) * 0.3;
                table.push_str(&format!("{height},{width},{yielded},{fence}\n"));
            }
        }
        let home = TestHome::new();
        let data = home.file("fields.csv", table);
        Self { home, data }
    }

    fn run(&self, server: &ModelServer, settings: &[&str]) -> PathBuf {
        let url = format!("llm.base_url={}", server.url());
        let usual = [
            "policy=llm",
            url.as_str(),
            "llm.model=mind-1",
            "llm.provider=vllm",
            "llm.timeout=5s",
            "budget.cycles=2",
            "research.permutations=49",
            "research.follow_ups=3",
            "research.shuffled_run=false",
        ];
        let question = "What goes with the yield of fields?";
        let mut arguments = vec![
            "run",
            "--question",
            question,
            "--target",
            "yield",
            "--data",
            &self.data,
            "--json",
        ];
        let key = |set: &str| set.split('=').next().unwrap_or_default().to_owned();
        let usual = usual
            .iter()
            .filter(|one| settings.iter().all(|set| key(set) != key(one)));
        for set in usual.chain(settings) {
            arguments.extend(["--set", *set]);
        }
        let output = self.home.run(&arguments);
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{}",
            describe_output(&output)
        );
        self.home.the_run()
    }
}

/// The custom tests among those of a list.
fn custom(found: &Value, list: &str) -> Vec<Value> {
    let all = found[list].as_array().unwrap();
    all.iter().filter(|test| test["kind"] == "custom").cloned().collect()
}

fn read(run: &std::path::Path, file: &str) -> String {
    fs::read_to_string(run.join(file)).unwrap()
}

/// The questions for code; the client asks for a word beforehand, to see what the endpoint can do.
fn asked_for_code(server: &ModelServer) -> usize {
    server
        .chats()
        .iter()
        .filter(|asked| purpose(asked) == Purpose::Code && asked.system().contains("Python"))
        .count()
}

#[test]
fn what_only_a_derived_variable_shows_is_found_in_two_ways() {
    let server = ModelServer::start();
    squareness_in_two_ways(&server);
    let fields = Fields::new();
    let run = fields.run(&server, &["research.shuffled_run=true"]);
    let found = read_findings(&run);
    let [finding] = custom(&found, "findings").try_into().unwrap();
    assert_eq!(finding["direction"], "-");
    assert_eq!(finding["wording"], "replicated association");
    // Its own p-value is far smaller, and its shuffled copies support no more than that none of them came as low.
    assert!(finding["confirm"]["p"].as_f64().unwrap() < 1e-9, "{finding}");
    let p = finding["p"].as_f64().unwrap();
    assert!(p > 1e-4 && p < 0.002, "{finding}");
    assert_eq!(
        (finding["part"].as_str(), finding["proposed_by"].as_str()),
        (Some("confirm"), Some("mind-1"))
    );
    assert!(finding["caveats"].as_array().unwrap().contains(&json!("model_written")));
    assert_eq!(finding["caveat_notes"]["model_written"], "mind-1");
    // Neither side alone shows it.
    for side in ["height", "width"] {
        let plain = found["findings"].as_array().unwrap().iter();
        let mut plain =
            plain.filter(|test| test["kind"] == "numeric_numeric" && test["x"] == side && test["y"] == "yield");
        assert!(plain.next().is_none(), "{side}");
    }

    // Both ways are there, named, and of the hashes that are told.
    let (one, other) = (&finding["evidence"], &finding["confirmed_by"]);
    assert_ne!(one["experiment"], other["experiment"]);
    let (report, notebook) = (read(&run, "report.md"), read(&run, "notebook.ipynb"));
    for way in [one, other] {
        let id = way["experiment"].as_str().unwrap();
        assert!(report.contains(id) && notebook.contains(id), "{id}");
        for (file, hash) in [("script.py", "script_sha256"), ("result.json", "result_sha256")] {
            let content = fs::read(run.join("experiments").join(id).join(file)).unwrap();
            assert_eq!(
                way[hash].as_str().unwrap(),
                kosmos::science::sha256_hex(content),
                "{id}/{file}"
            );
        }
        let script = read(&run, &format!("experiments/{id}/script.py"));
        assert!(script.contains("\"def analyse(table):\\n\"\n"), "{script}");
    }
    assert!(report.contains("Code by a model.") && report.contains("analysis written by"));

    // The shuffled run asks the same, and gets the same code without a call; it finds nothing.
    assert_eq!(asked_for_code(&server), 2);
    assert_eq!(server.repeats(), 0);
    assert_eq!(found["shuffled_null"]["findings"], 0);
    let ledger = read(&run, "ledger.jsonl");
    let registered = |line: &&str| line.contains("\"registered\"") && line.contains("by code from its protocol");
    assert_eq!(ledger.lines().filter(registered).count(), 2, "once for each arm");
}

#[test]
fn containers_run_what_a_model_wrote_as_processes_do() {
    let Some(engine) = find_container_engine() else { return };
    let found = |settings: &[&str]| {
        let server = ModelServer::start();
        squareness_in_two_ways(&server);
        let fields = Fields::new();
        let run = fields.run(&server, settings);
        assert_eq!(custom(&read_findings(&run), "findings").len(), 1, "{settings:?}");
        read_findings_text(&run)
    };
    let docker = ["sandbox.backend=docker", &format!("sandbox.engine={engine}")];
    assert_eq!(found(&docker), found(&["sandbox.backend=process"]));
}

#[test]
fn a_template_confirms_where_it_tests_the_same() {
    let server = ModelServer::start();
    let analysis = json!({
        "x": "height", "y": "fence", "columns": ["height", "fence"],
        "method": "Make Pearson's test of height and fence, with Fisher's interval.",
        "effect": "pearson_r", "family": "numeric_numeric", "statement": "`height` goes with `fence`", "rationale": "fences",
    });
    scripted(&server, analysis, |_, _| {
        code(
            &FIRST
                .replace("\"yield\"", "\"fence\"")
                .replace(
                    "complete(table, \"height\", \"width\", ",
                    "complete(table, \"height\", ",
                )
                .replace("(rows[\"height\"] - rows[\"width\"]) ** 2", "rows[\"height\"]"),
        )
    });
    let fields = Fields::new();
    let run = fields.run(&server, &[]);
    let [finding] = custom(&read_findings(&run), "findings").try_into().unwrap();
    assert_eq!(asked_for_code(&server), 1);
    let told = finding["evidence"]["experiment"].as_str().unwrap();
    let protocol: Value = serde_json::from_str(&read(&run, &format!("experiments/{told}/protocol.json"))).unwrap();
    assert_eq!(protocol["template"], "numeric_numeric");
    assert_eq!(protocol["parameters"]["tests"][0]["part"], "confirm");
    let script = finding["confirmed_by"]["experiment"].as_str().unwrap();
    let protocol: Value = serde_json::from_str(&read(&run, &format!("experiments/{script}/protocol.json"))).unwrap();
    assert_eq!(protocol["template"], "custom");
    // The numbers are the template's, so nothing rests on the model's code.
    assert!(!finding["caveats"].as_array().unwrap().contains(&json!("model_written")));
    assert_eq!(finding["statement"], "`height` goes with `fence`");
}

#[test]
fn numbers_that_were_made_up_by_both_are_no_finding() {
    let server = ModelServer::start();
    scripted(&server, squareness(), |_, _| code(MADE_UP));
    let fields = Fields::new();
    let run = fields.run(&server, &[]);
    assert!(custom(&read_findings(&run), "tests").is_empty());
    let report = read(&run, "report.md");
    assert!(report.contains("it does not depend on the data"), "{report}");
    assert!(!read(&run, "findings.json").contains("1e-30"));
}

#[test]
fn two_that_do_not_agree_are_told_as_such() {
    let server = ModelServer::start();
    scripted(&server, squareness(), |author, _| match author {
        Author::Second => code(&SECOND.replace("np.square", "np.abs")),
        _ => code(FIRST),
    });
    let fields = Fields::new();
    let run = fields.run(&server, &[]);
    assert!(custom(&read_findings(&run), "tests").is_empty());
    let report = read(&run, "report.md");
    assert!(report.contains("two independent ways disagree: their"), "{report}");
}

#[test]
fn repairs_lead_to_a_finding_or_end() {
    // The first tries of one author fail; its repair is told why.
    let server = ModelServer::start();
    scripted(&server, squareness(), |author, asked| match author {
        Author::First => code(&FIRST.replace("complete(table", "complete(tabel")),
        Author::Second => code(SECOND),
        Author::Repair => {
            let user = asked.user();
            assert!(user.contains("NameError") && user.contains("complete(tabel"), "{user}");
            code(FIRST)
        }
    });
    let fields = Fields::new();
    let run = fields.run(&server, &["llm.max_repairs=2"]);
    assert_eq!(custom(&read_findings(&run), "findings").len(), 1);
    assert_eq!(asked_for_code(&server), 3);
    assert!(read(&run, "ledger.jsonl").contains("\"retried\""));

    // Neither ever works, and each try is another.
    let server = ModelServer::start();
    scripted(&server, squareness(), |_, asked| {
        code(&format!(
            "def analyse(table):\n    raise ValueError('r = 0.98765 in try {}')\n",
            asked.nth
        ))
    });
    let fields = Fields::new();
    let run = fields.run(&server, &["llm.max_repairs=2"]);
    assert!(custom(&read_findings(&run), "tests").is_empty());
    let asked = asked_for_code(&server);
    assert!((4..=6).contains(&asked), "{asked}");
    let report = read(&run, "report.md");
    assert!(
        report.contains("script: the script ")
            && report.contains("the function failed: ValueError")
            && !report.contains("0.98765"),
        "{report}"
    );
}

#[test]
fn no_code_is_said() {
    let server = ModelServer::start();
    scripted(&server, squareness(), |_, _| code("print('the p-value is 0.001')"));
    let fields = Fields::new();
    let run = fields.run(&server, &[]);
    assert!(custom(&read_findings(&run), "tests").is_empty());
    let report = read(&run, "report.md");
    assert!(report.contains("script was not written: no answer to"), "{report}");
}
