//! Analyses that a model files under columns which they are not about, in whole runs: none of them becomes a statement
//! on these columns. And runs in which the model is of no use, which say so.

use std::{fs, path::PathBuf, process::Output};

use serde_json::{Value, json};

use super::lab::{Purpose, purpose};
use kosmos_testing::{
    TestHome, describe_output,
    model_server::{Asked, ModelServer, ScriptedReply},
    read_findings,
};

/// Rows of a table.
const ROWS: usize = 160;

/// A table in which height goes with yield, and nothing else with anything.
fn table(seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut table = "height,yield,u,v,w\n".to_owned();
    for _ in 0..ROWS {
        // Nearly normal.
        let mut noise = || (0..6).map(|_| random.f64() - 0.5).sum::<f64>();
        let height = noise();
        let row = [height, height + noise() * 0.6, noise(), noise(), noise()];
        table.push_str(&row.map(|value| format!("{value:.4}")).join(","));
        table.push('\n');
    }
    table
}

/// A function that finds `test` in complete rows `t`, from `lines` that set `r` and `p`.
fn function(lines: &str, columns: &[&str]) -> String {
    let names: Vec<String> = columns.iter().map(|name| format!("{name:?}")).collect();
    format!(
        "def analyse(table):\n    t = complete(table, {})\n    n = len(t)\n{lines}\n    low, high = correlation_interval(r, n)\n    \
         return {{\"n\": n, \"statistic\": r, \"p\": float(p), \"effect\": r, \"ci_low\": low, \"ci_high\": high,\n            \
         \"direction\": \"+\" if r > 0 else \"-\", \"test\": \"scipy.stats.pearsonr\"}}\n",
        names.join(", ")
    )
}

fn pearson(one: &str, other: &str) -> String {
    format!("    found = stats.pearsonr(t[{one:?}], t[{other:?}])\n    r, p = float(found.statistic), found.pvalue")
}

/// The same by other text.
fn pearson_again(one: &str, other: &str) -> String {
    format!(
        "    r = float(np.corrcoef(t[{one:?}].rank(pct=True) * 0 + t[{one:?}], t[{other:?}])[0, 1])\n    p = 2 * stats.t.sf(abs(r) * \
         math.sqrt((n - 2) / (1 - r * r)), n - 2)"
    )
}

fn analysis(x: &str, y: &str, columns: &[&str], nth: usize) -> Value {
    json!({
        "x": x, "y": y, "columns": columns, "effect": format!("pearson_{}", ["r", "rho", "tau", "phi"][nth % 4]), "family": null,
        "method": "Complete rows. Pearson correlation of the two columns, interval by Fisher z, as is usual.",
        "statement": format!("`{x}` goes with `{y}`"), "rationale": "it is worth a look",
    })
}

/// A model that proposes these analyses, and whose two authors write what `write` gives for the columns that are asked
/// for.
fn filing(server: &ModelServer, analyses: Vec<Value>, write: impl Fn(bool, &Asked) -> String + Send + Sync + 'static) {
    server.respond(move |asked| match purpose(asked) {
        Purpose::Propose => ScriptedReply::answer(&json!({"hypotheses": []})),
        Purpose::FollowUp => ScriptedReply::answer(&json!({"hypotheses": [], "analyses": analyses})),
        Purpose::Deliberate => ScriptedReply::answer(&json!({"focus": "u and v", "stop": false, "reason": "open"})),
        Purpose::Interpret => ScriptedReply::fitting(asked),
        Purpose::Code => {
            let second = asked.system().starts_with("A colleague and you");
            ScriptedReply::answer(&json!({"code": write(second, asked), "notes": "as told"}))
        }
    });
}

struct Lab {
    home: TestHome,
    data: String,
}

impl Lab {
    fn new(seed: u64) -> Self {
        let home = TestHome::new();
        let data = home.file("table.csv", table(seed));
        Self { home, data }
    }

    fn run(&self, server: &ModelServer, settings: &[&str]) -> (Output, PathBuf) {
        let url = format!("llm.base_url={}", server.url());
        let usual = [
            "policy=llm",
            url.as_str(),
            "llm.model=mind-1",
            "llm.provider=vllm",
            "llm.timeout=5s",
            "budget.cycles=2",
            "research.permutations=49",
            "research.follow_ups=2",
            "research.shuffled_run=false",
        ];
        let mut arguments = vec!["run", "--question", "Does u go with v?", "--data", self.data.as_str()];
        let key = |set: &str| set.split('=').next().unwrap().to_owned();
        let usual = usual
            .iter()
            .filter(|usual| settings.iter().all(|set| key(set) != key(usual)));
        for set in usual.chain(settings) {
            arguments.extend(["--set", *set]);
        }
        let output = self.home.run(&arguments);
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{}",
            describe_output(&output)
        );
        (output, self.home.the_run())
    }
}

/// The tests by a model's analyses in a list of findings.json.
fn custom(found: &Value, list: &str) -> Vec<Value> {
    let all = found[list].as_array().unwrap();
    all.iter().filter(|test| test["kind"] == "custom").cloned().collect()
}

fn report(run: &std::path::Path) -> String {
    fs::read_to_string(run.join("report.md")).unwrap()
}

const ALL: [&str; 4] = ["u", "v", "height", "yield"];

#[test]
fn two_other_columns_are_no_statement_on_those_it_is_filed_under() {
    let server = ModelServer::start();
    filing(&server, vec![analysis("u", "v", &ALL, 0)], |second, _| match second {
        false => function(&pearson("height", "yield"), &ALL),
        true => function(&pearson_again("height", "yield"), &ALL),
    });
    let lab = Lab::new(1);
    let (_, run) = lab.run(&server, &[]);
    let found = read_findings(&run);
    assert!(custom(&found, "tests").is_empty(), "{found}");
    let report = report(&run);
    assert!(
        report.contains("it is not about the exposure: it returns the same when that column alone is shuffled"),
        "{report}"
    );
    // The second author was asked for the claim, and was told nothing of the method.
    let chats = server.chats();
    let second: Vec<_> = chats
        .iter()
        .filter(|asked| asked.system().starts_with("A colleague and you"))
        .collect();
    assert_eq!(second.len(), 1);
    assert!(
        second[0].user().contains("`u` goes with `v`") && !second[0].user().contains("Fisher"),
        "{}",
        second[0].user()
    );
}

#[test]
fn the_same_code_in_another_form_is_one_way() {
    let server = ModelServer::start();
    let columns = ["height", "yield", "w"];
    filing(
        &server,
        vec![analysis("height", "yield", &columns, 0)],
        move |second, _| {
            let code = function(&pearson("height", "yield"), &columns);
            match second {
                false => code,
                true => code.replace("    ", "  ").replace('"', "'"),
            }
        },
    );
    let lab = Lab::new(2);
    let (_, run) = lab.run(&server, &[]);
    assert!(custom(&read_findings(&run), "tests").is_empty());
    let report = report(&run);
    assert!(report.contains("both scripts have the same code"), "{report}");
}

#[test]
fn a_model_of_no_use_is_told_as_such() {
    type Form = fn() -> ScriptedReply;
    let forms: [(Form, &str); 2] = [
        (
            || ScriptedReply::text("I am thinking about it and shall tell you").finish_reason("length"),
            "all cut off at the limit of tokens); raise `llm.max_tokens`",
        ),
        (
            || ScriptedReply::text("").finish_reason("tool_calls"),
            "all calls of tools instead of text",
        ),
    ];
    for (reply, words) in forms {
        let server = ModelServer::start();
        server.respond(move |_| reply());
        let lab = Lab::new(3);
        let (output, run) = lab.run(&server, &[]);
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let status = stdout.lines().find(|line| line.starts_with("status ")).unwrap();
        assert!(
            status.contains("no reply of the model could be used (") && status.contains(words),
            "{status}"
        );
        let report = report(&run);
        let head: String = report.lines().take(8).collect();
        assert!(head.contains("no reply of the model could be used ("), "{head}");
    }
}

mod deep {
    use std::{sync::Mutex, thread};

    use super::*;
    use kosmos_testing::sample::draw_sample;

    /// Models that each file two analyses under pairs of columns that have nothing to do with each other.
    const MODELS: usize = 100;

    /// Ways to a small number for two columns that have none.
    const WAYS: usize = 8;

    /// The code of a way for x and y; the second author's is another text for the same.
    fn code(way: usize, second: bool, x: &str, y: &str) -> String {
        let plain = |one: &str, other: &str| match second {
            false => pearson(one, other),
            true => pearson_again(one, other),
        };
        let lines = match way {
            0 => plain("height", "yield"),
            1 => plain(x, "yield"),
            2 => plain("height", y),
            3 => format!("{}\n    p = p ** 3", plain(x, y)),
            4 => format!(
                "{}\n    p = min(p, stats.spearmanr(t[{x:?}], t[{y:?}]).pvalue)",
                plain(x, y)
            ),
            5 => format!(
                "{}\n    p = p * stats.pearsonr(t[\"height\"], t[\"yield\"]).pvalue",
                plain(x, y)
            ),
            6 => format!("{}\n    p = min(1, math.exp(-n * r * r / 2 + 1) * p)", plain(x, y)),
            _ => plain(x, y),
        };
        function(&lines, &[x, y, "height", "yield"])
    }

    #[test]
    fn random_claims_are_seldom_believed() {
        let sample = draw_sample("random claims", MODELS, MODELS);
        let left = Mutex::new(sample.points.iter());
        let believed = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while let Some(&nth) = { left.lock().unwrap().next() } {
                        if let Some(ways) = believed_ways(nth) {
                            believed.lock().unwrap().push((nth, ways));
                        }
                    }
                });
            }
        });
        let believed = believed.into_inner().unwrap();
        eprintln!(
            "believed in {} of {} runs: {believed:?}",
            believed.len(),
            sample.points.len()
        );
        assert!(believed.len() * 10 <= sample.points.len(), "{believed:?}");
    }

    /// Runs with a model that files two claims drawn from `nth`, none of them true; the ways in which their code was
    /// written, if the run believes one.
    fn believed_ways(nth: usize) -> Option<[usize; 2]> {
        let mut random = fastrand::Rng::with_seed(nth as u64);
        let pairs = [
            ("u", "v"),
            ("u", "w"),
            ("v", "w"),
            ("height", "u"),
            ("yield", "w"),
            ("height", "v"),
        ];
        let mut filed = Vec::new();
        while filed.len() < 2 {
            let pair = pairs[random.usize(..pairs.len())];
            if !filed.contains(&pair) {
                filed.push(pair);
            }
        }
        let analyses = filed
            .iter()
            .map(|(x, y)| {
                let mut columns = vec![*x, *y, "height", "yield"];
                columns.sort_unstable();
                columns.dedup();
                analysis(x, y, &columns, nth)
            })
            .collect();
        let ways = [random.usize(..WAYS), random.usize(..WAYS)];
        let server = ModelServer::start();
        filing(&server, analyses, move |second, asked| {
            let user = asked.user();
            let at = filed
                .iter()
                .position(|(x, y)| user.contains(&format!("`{x}` goes with `{y}`")) || names_both(&user, x, y))
                .unwrap_or(0);
            code(ways[at], second, filed[at].0, filed[at].1)
        });
        let lab = Lab::new(1000 + nth as u64);
        let (_, run) = lab.run(&server, &["llm.analyses=2", "research.follow_ups=4"]);
        let claims = custom(&read_findings(&run), "findings");
        (!claims.is_empty()).then_some(ways)
    }

    /// Whether a prompt asks how x goes with y: each has a block of its own.
    fn names_both(user: &str, x: &str, y: &str) -> bool {
        [x, y].iter().all(|name| user.lines().any(|line| line == *name))
    }
}
