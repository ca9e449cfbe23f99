//! A finished run made by hand: a folder with real-shaped results, and its dossier.
//!
//! | experiment | does | hypotheses |
//! |---|---|---|
//! | `e-500000000005` | profiles the table | |
//! | `e-400000000004` | tests numeric columns | `h-500000000005` turns round within strata, `h-300000000003` is null |
//! | `e-200000000002` | tests groups | `h-100000000001` is a finding, `h-700000000007` is untestable |
//! | `e-100000000001` | draws the findings | |
//! | `e-600000000006` | tests the shuffled table | `h-400000000004` |

use std::fs;
use std::path::{Path, PathBuf};

use kosmos::journal::RunDir;
use kosmos::report::{Dossier, ReportError, Written, write_all};
use kosmos::science::sha256_hex;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The smallest PNG there is.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// Names that a test may make hostile.
pub struct Names {
    pub x: String,
    pub y: String,
    pub group: String,
    pub level: String,
    pub question: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            x: "bill_length_mm".into(),
            y: "bill_depth_mm".into(),
            group: "species".into(),
            level: "Gentoo".into(),
            question: "How do bill length and depth go together?".into(),
        }
    }
}

/// A run's folder and its dossier as JSON, so that a test can change any place of it.
pub struct Lab {
    pub folder: TempDir,
    pub dossier: Value,
}

impl Lab {
    /// A run with two findings (one of them turned round within strata), a null and an untestable hypothesis.
    pub fn new() -> Self {
        Self::with(&Names::default())
    }

    pub fn with(names: &Names) -> Self {
        let mut lab = Self {
            folder: TempDir::new().unwrap(),
            dossier: dossier(names),
        };
        let profile = lab.experiment("e-500000000005", "profile", "observed", &profile(names));
        let numeric = lab.experiment("e-400000000004", "numeric_numeric", "observed", &numeric_result(names));
        let groups = lab.experiment("e-200000000002", "group_numeric", "observed", &group_result(names));
        let shuffled = lab.experiment("e-600000000006", "numeric_numeric", "shuffled", &numeric_result(names));
        let mut figures = lab.experiment(
            "e-100000000001",
            "figures",
            "observed",
            &json!({"schema": 1, "figures": []}),
        );
        lab.write("experiments/e-100000000001/figures/h-500000000005.png", PNG);
        figures["artefacts"] =
            json!([{"path": "figures/h-500000000005.png", "bytes": PNG.len(), "sha256": sha256_hex(PNG)}]);
        lab.dossier["datasets"][0]["profile"] = self::profile(names);
        lab.dossier["tests"] = json!([
            record(
                &numeric,
                "/tests/0",
                1,
                "h-500000000005",
                &numeric_result(names)["tests"][0],
                0.0000336,
                Some(true)
            ),
            record(
                &groups,
                "/tests/0",
                1,
                "h-100000000001",
                &group_result(names)["tests"][0],
                0.0009,
                None
            ),
            record(
                &numeric,
                "/tests/1",
                1,
                "h-300000000003",
                &numeric_result(names)["tests"][1],
                0.437,
                None
            ),
        ]);
        lab.dossier["units"] = json!({
            "h-100000000001": {"effect": group_result(names)["tests"][0]["whole"]["units"]},
            "h-300000000003": {"effect": numeric_result(names)["tests"][1]["whole"]["units"]},
        });
        lab.dossier["ledger"] = ledger(&lab.dossier["tests"]);
        lab.dossier["experiments"] = json!([profile, numeric, groups, figures, shuffled]);
        lab.save_ledger();
        lab.write("journal.jsonl", b"{}\n");
        lab.write("run.toml", b"question = \"\"\n");
        lab
    }

    /// A run that ended before anything was done.
    pub fn empty() -> Self {
        let mut lab = Self {
            folder: TempDir::new().unwrap(),
            dossier: dossier(&Names::default()),
        };
        for list in [
            "tests",
            "untested",
            "experiments",
            "figures",
            "ledger",
            "cycles",
            "families",
            "graph",
        ] {
            lab.dossier[list] = json!([]);
        }
        lab.dossier["shuffled_null"] = Value::Null;
        lab.write("journal.jsonl", b"");
        lab.write("run.toml", b"");
        lab
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn save_ledger(&self) {
        let lines = self.dossier["ledger"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| format!("{line}\n"));
        self.write("ledger.jsonl", lines.collect::<String>().as_bytes());
    }

    pub fn dossier(&self) -> Dossier {
        serde_json::from_value(self.dossier.clone()).unwrap()
    }

    pub fn render(&self) -> Result<Written, ReportError> {
        write_all(&RunDir::open(self.folder.path()).unwrap(), &self.dossier())
    }

    /// Whether any output, or a piece of one, is in the folder.
    pub fn has_output(&self) -> bool {
        let outputs = ["findings.json", "report.md", "report.html", "notebook.ipynb"];
        let is_output = |path: &Path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            outputs.iter().any(|output| name.contains(output))
        };
        fs::read_dir(self.folder.path())
            .unwrap()
            .any(|entry| is_output(&entry.unwrap().path()))
    }

    /// Writes an experiment's files; gives its record.
    fn experiment(&self, id: &str, template: &str, arm: &str, result: &Value) -> Value {
        let script = format!("\"\"\"{template}\"\"\"\n");
        let result = serde_json::to_string_pretty(result).unwrap();
        let protocol = json!({
            "template": template, "title": format!("{template} of the penguins"), "dataset": "penguins.csv", "arm": arm,
            "cycle": u32::from(template != "profile"), "attempt": 1, "hypotheses": [], "inputs": [], "parameters": {},
        });
        self.write(&format!("experiments/{id}/script.py"), script.as_bytes());
        self.write(&format!("experiments/{id}/result.json"), result.as_bytes());
        self.write(
            &format!("experiments/{id}/protocol.json"),
            protocol.to_string().as_bytes(),
        );
        json!({
            "id": id, "protocol": protocol, "script_sha256": sha256_hex(&script), "state": "finished",
            "outcome": {"kind": "ok"}, "artefacts": [], "failure": null, "result_sha256": sha256_hex(&result),
            "usage": {"wall_ms": 1234, "cpu_ms": 900, "peak_memory_bytes": 99614720, "workspace_bytes": 4096, "workspace_files": 3},
        })
    }
}

fn effect(name: &str, value: f64, low: f64, high: f64) -> Value {
    json!({"name": name, "value": value, "ci_low": low, "ci_high": high})
}

fn estimate(n: u64, p: f64, effect: Value, direction: &str) -> Value {
    json!({"n": n, "statistic": effect["value"], "p": p, "effect": effect, "direction": direction})
}

/// An estimate with its effect in units.
fn in_units(mut estimate: Value, units: Value) -> Value {
    estimate["units"] = units;
    estimate
}

fn numeric_result(names: &Names) -> Value {
    let strata = [
        ("Adelie", 151, 0.391491, 6.67e-7),
        (&names.level, 123, 0.643384, 1.02e-15),
    ];
    let strata =
        strata.map(|(level, n, r, p)| json!({"level": level, "n": n, "effect_value": r, "p": p, "direction": "+"}));
    json!({"schema": 1, "template": "numeric_numeric", "rows": 344, "tests": [
        {
            "id": "h-500000000005", "status": "ok", "reason": null, "x": names.x, "y": names.y, "test": "scipy.stats.pearsonr",
            "why": "linear correlation of two numeric columns, neither with strong skew",
            "assumptions": [{"name": "no strong skew", "check": "skewness", "statistic": 0.0529, "p": null, "holds": true}],
            "whole": estimate(342, 1.1196621e-5, effect("r", -0.235053, -0.332854, -0.132297), "-"),
            "explore": estimate(171, 0.00788, effect("r", -0.203, -0.342, -0.0541), "-"),
            "confirm": estimate(171, 0.000107, effect("r", -0.292, -0.423, -0.148), "-"),
            "y_level": null, "groups": null,
            "variants": [{"name": "rank", "test": "scipy.stats.spearmanr", "n": 342, "statistic": -0.2217, "p": 3.51e-5,
                "effect": effect("rho", -0.2217, -0.321, -0.117), "direction": "-", "agrees": true}],
            "adjusted": [{"for": names.group, "n": 342, "p": 8.66e-26, "effect": effect("partial_r", 0.528, 0.447, 0.601),
                "direction": "+", "strata": strata, "reversal": true, "explained_away": false}],
            "caveats": ["simpson_reversal"], "caveat_notes": {"simpson_reversal": names.group},
            "mde": {"name": "r", "value": 0.150871, "power": 0.8, "alpha": 0.05},
        },
        {
            "id": "h-300000000003", "status": "ok", "reason": null, "x": "year", "y": names.y, "test": "scipy.stats.pearsonr",
            "why": "linear correlation of two numeric columns", "assumptions": [],
            "whole": in_units(estimate(342, 0.437, effect("r", 0.0422, -0.0641, 0.148), "+"), json!({
                "name": "slope", "value": 0.102, "ci_low": -0.155, "ci_high": 0.359, "ci_level": 0.95, "contrast": null,
                "method": "scipy.stats.t",
            })),
            "explore": null, "confirm": null, "y_level": null, "groups": null, "variants": [], "adjusted": [],
            "caveats": [], "caveat_notes": {}, "mde": {"name": "r", "value": 0.150871, "power": 0.8, "alpha": 0.05},
        },
    ]})
}

fn group_result(names: &Names) -> Value {
    json!({"schema": 1, "template": "group_numeric", "rows": 344, "tests": [{
        "id": "h-100000000001", "status": "ok", "reason": null, "x": names.group, "y": names.y, "test": "scipy.stats.ttest_ind",
        "why": "difference of two means without assuming equal variances", "assumptions": [],
        "whole": in_units(estimate(274, 0.0006, effect("hedges_g", 0.42, 0.18, 0.66), "Adelie"), json!({
            "name": "mean_difference", "value": 3.364, "ci_low": 3.103, "ci_high": 3.625, "ci_level": 0.95,
            "contrast": {"level": "Adelie", "reference": names.level}, "method": "scipy.stats.ttest_ind",
        })),
        "explore": null, "confirm": null, "y_level": null,
        "groups": [{"level": "Adelie", "n": 151, "value": 18.346}, {"level": names.level, "n": 123, "value": 14.982}],
        "variants": [], "adjusted": [], "caveats": ["small_sample"], "caveat_notes": {}, "mde": null,
    }]})
}

fn profile(names: &Names) -> Value {
    let numeric = |name: &str| {
        json!({"name": name, "role": "numeric", "usable": true, "missing": 2, "distinct": 164, "min": 32.1, "max": 59.6,
            "mean": 43.92193, "sd": 5.45958})
    };
    json!({
        "problem": null, "rows": 344, "source": {"format": "csv", "delimiter": ",", "encoding": "utf-8"},
        "columns": [
            numeric(&names.x), numeric(&names.y), numeric("year"),
            {"name": names.group, "role": "binary", "usable": true, "missing": 0, "distinct": 2,
                "levels": [{"level": "Adelie", "n": 152}, {"level": names.level, "n": 124}]},
            {"name": "rowid", "role": "identifier", "usable": false, "excluded": "numbers the rows", "missing": 0,
                "distinct": 344},
        ],
        "tautologies": [{"x": names.x, "y": "rowid", "reason": "one numbers the rows"}],
        "units": null, "time": null, "split": {"by": null, "possible": true, "why": "enough rows"},
        "warnings": ["numbers of 'year' were read with decimal comma"],
    })
}

/// The record of a test as the analyst writes it.
fn record(
    experiment: &Value,
    locator: &str,
    cycle: u32,
    id: &str,
    test: &Value,
    q: f64,
    replicated: Option<bool>,
) -> Value {
    let whole = &test["whole"];
    let significant = q <= 0.05;
    json!({
        "id": id, "dataset": "penguins.csv", "cycle": cycle, "parent": null, "x": test["x"], "y": test["y"],
        "statement": format!("{} goes with {}.", test["x"].as_str().unwrap(), test["y"].as_str().unwrap()),
        "kind": experiment["protocol"]["template"], "covariates": [], "by": null, "part": "whole",
        "test": test["test"], "why": test["why"], "assumptions": test["assumptions"], "n": whole["n"],
        "statistic": whole["statistic"], "p": whole["p"], "q": q, "effect": whole["effect"],
        "direction": whole["direction"], "predicted": null, "groups": test["groups"], "y_level": test["y_level"],
        "significant": significant, "replicated": replicated, "explore": test["explore"], "confirm": test["confirm"],
        "variants": test["variants"], "adjusted": test["adjusted"], "caveats": test["caveats"],
        "caveat_notes": test["caveat_notes"], "mde": test["mde"],
        "wording": match (significant, replicated) {
            (true, Some(true)) => "replicated association",
            (true, _) => "association",
            (false, _) => "no detectable association",
        },
        "evidence": {"experiment": experiment["id"], "script_sha256": experiment["script_sha256"],
            "result_sha256": experiment["result_sha256"], "locator": locator},
    })
}

fn ledger(tests: &Value) -> Value {
    let mut lines = Vec::new();
    let mut log = |event: &str, arm: &str, hypothesis: &Value, verdict: Option<&Value>| {
        let mut line = json!({"seq": lines.len() + 3, "event": event, "arm": arm, "cycle": 1, "hypothesis": hypothesis,
            "experiment": null, "detail": format!("{event} in the family of the first cycle")});
        if let Some(test) = verdict {
            for key in ["p", "q", "significant"] {
                line[key] = test[key].clone();
            }
        }
        lines.push(line);
    };
    let tests = tests.as_array().unwrap();
    tests
        .iter()
        .for_each(|test| log("registered", "observed", &test["id"], None));
    log("registered", "observed", &json!("h-700000000007"), None);
    tests
        .iter()
        .for_each(|test| log("tested", "observed", &test["id"], None));
    log("untestable", "observed", &json!("h-700000000007"), None);
    tests
        .iter()
        .for_each(|test| log("judged", "observed", &test["id"], Some(test)));
    let false_one = json!({"p": 0.6, "q": 0.6, "significant": false});
    log("judged", "shuffled", &json!("h-400000000004"), Some(&false_one));
    json!(lines)
}

fn dossier(names: &Names) -> Value {
    json!({
        "run": "run-1", "question": names.question, "target": names.y,
        "end": {"status": "answered", "reason": {"kind": "complete"}, "message": "Every question that follows was asked."},
        "datasets": [{"name": "penguins.csv", "path": "/data/penguins.csv", "sha256": sha256_hex("penguins"), "bytes": 16697,
            "experiment": "e-500000000005", "profile": null}],
        "method": {"alpha": 0.05, "explore_share": 0.5, "seed": 7, "policy": "heuristic", "permutations": 499,
            "check_rows": 20000, "randomised": [], "kosmos_version": "0.1.0", "stack": ["Python 3.11.2", "scipy 1.17.1"],
            "sandbox": [["no network", "own network namespace"]]},
        "cycles": [{"cycle": 1, "registered": 4, "tested": 3, "significant": 2, "left_out": 5, "rationale": "Pairs with the target."}],
        "families": [
            {"cycle": 1, "arm": "observed", "alpha": 0.025, "tests": 3, "significant": 2},
            {"cycle": 1, "arm": "shuffled", "alpha": 0.025, "tests": 1, "significant": 0},
        ],
        "tests": [],
        "untested": [{"id": "h-700000000007", "dataset": "penguins.csv", "cycle": 1, "statement": "Sex goes with depth.",
            "kind": "group_numeric", "x": "sex", "y": names.y, "reason": "fewer than 8 complete rows", "experiment": "e-200000000002"}],
        "shuffled_null": {"tests": 1, "findings": 0},
        "experiments": [],
        "figures": [{"finding": "h-500000000005", "experiment": "e-100000000001", "file": "figures/h-500000000005.png",
            "alt": format!("{} against {}", names.y, names.x)}],
        "ledger": [],
        "budgets": [{"name": "experiments", "used": 5.0, "limit": 50.0, "unit": "scripts"},
            {"name": "wall_time", "used": 12.5, "limit": null, "unit": "seconds"}],
        "dead_letters": [], "restarts": [{"agent": "data_analyst", "reason": "it panicked"}],
        "graph": [["Finding", 2], ["Hypothesis", 4]],
    })
}
