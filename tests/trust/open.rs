//! The attacks that get through, and the comparison with what happened.

use std::{collections::BTreeMap, fs};

use kosmos_testing::repository_path;

/// An attack that gets through.
struct OpenAttack {
    /// Its name: that of its file or folder.
    attack: &'static str,
    /// Where it gets through: one of the places that the tests name.
    on: &'static str,
    /// Why it is not met.
    reason: &'static str,
}

/// Whoever meets an attack removes its line, and the test says so: an attack in this list that does not get through
/// fails as one that does and is not in it.
const OPEN: &[OpenAttack] = &[
    OpenAttack {
        attack: "shared_futex",
        on: "process",
        reason: "both sandboxes may map the same file of the interpreter, and the same input",
    },
    OpenAttack {
        attack: "shared_futex",
        on: "process without control groups",
        reason: "both sandboxes may map the same file of the interpreter, and the same input",
    },
    OpenAttack {
        attack: "shared_futex",
        on: "docker",
        reason: "both sandboxes may map the same file of the interpreter, and the same input",
    },
    OpenAttack {
        attack: "uncounted_cpu",
        on: "process without control groups",
        reason: "no control group counts what belongs to no living process",
    },
    OpenAttack {
        attack: "uncounted_memory",
        on: "process without control groups",
        reason: "no control group counts what belongs to no living process",
    },
];

fn find_open(attack: &str, on: &str) -> Option<&'static OpenAttack> {
    OPEN.iter().find(|open| open.attack == attack && open.on == on)
}

/// What came of each attack: nothing, or how it got through.
#[derive(Default)]
pub struct Verdicts(BTreeMap<String, Option<String>>);

impl Verdicts {
    /// The attack got through if `breach` says how.
    pub fn record(&mut self, attack: &str, breach: Option<String>) {
        self.0.insert(attack.to_owned(), breach);
    }

    /// Whether all of them are as [`OPEN`] has them.
    pub fn are_expected(&self, on: &str) -> bool {
        let mut all = self.0.iter();
        all.all(|(attack, breach)| breach.is_some() == find_open(attack, on).is_some())
    }

    /// Compares them with [`OPEN`]; `expected` are the attacks that had to be carried out.
    pub fn check(&self, on: &str, expected: &[String]) {
        let carried_out: Vec<&String> = self.0.keys().collect();
        assert_eq!(
            carried_out,
            expected.iter().collect::<Vec<_>>(),
            "not all attacks were carried out"
        );
        let mut wrong = Vec::new();
        for (attack, breach) in &self.0 {
            let open = find_open(attack, on);
            match (breach, open) {
                (Some(how), Some(open)) => eprintln!("{on}: {attack} gets through ({}): {how}", open.reason),
                (None, None) => eprintln!("{on}: {attack} is held"),
                (Some(how), None) => wrong.push(format!("{attack} got through: {how}")),
                (None, Some(_)) => wrong.push(format!("{attack} is held now: remove its line from OPEN")),
            }
        }
        assert!(wrong.is_empty(), "{on}:\n{}", wrong.join("\n"));
    }
}

/// The names of the attacks in a folder of `tests/trust`, in order.
pub fn attacks_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(repository_path(&format!("tests/trust/{folder}"))).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "agent.py" && name != "agent.toml" && name != "wire.py")
        .map(|name| name.trim_end_matches(".py").to_owned())
        .collect();
    names.sort();
    names
}

/// The text of a file of `tests/trust`.
pub fn source_of(file: &str) -> String {
    fs::read_to_string(repository_path(&format!("tests/trust/{file}"))).unwrap()
}

#[test]
fn every_attack_says_what_it_tries_and_is_in_the_table() {
    let table = source_of("attacks.md");
    let mut all = Vec::new();
    for folder in ["sandbox", "agents", "network"] {
        let attacks = attacks_in(folder);
        assert_eq!(attacks.len(), 10, "{folder}: {attacks:?}");
        for attack in attacks {
            let file = match folder {
                "agents" if attack != "linked_prompt" => format!("agents/{attack}/agent.py"),
                "agents" => format!("agents/{attack}/agent.toml"),
                _ => format!("{folder}/{attack}.py"),
            };
            let text = source_of(&file);
            assert!(text.contains("Tries to") && text.contains("Breach: "), "{file}");
            assert!(
                table.contains(&format!("| `{attack}` |")),
                "{attack} is not in attacks.md"
            );
            let tests = source_of(&format!("{folder}.rs"));
            assert!(
                folder == "network" || tests.contains(&format!("\"{attack}\"")),
                "{folder}.rs does not carry out {attack}"
            );
            all.push(attack);
        }
    }
    for open in OPEN {
        assert!(
            all.iter().any(|attack| attack == open.attack),
            "{} is no attack",
            open.attack
        );
        assert!(!open.reason.is_empty());
    }
}
