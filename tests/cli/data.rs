//! `kosmos data` as a person sees it.

use std::{
    fs,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use kosmos_testing::TestShell;
use rustix::process::{Pid, Signal, kill_process};

fn table() -> String {
    let mut table = String::from("Ward stays 2026,,\nday,ward,stay\n");
    for n in 0..40 {
        table.push_str(&format!(
            "0{}/02/2026,{},{}\n",
            n % 9 + 1,
            ["east", "west"][n % 2],
            n * 7 % 31
        ));
    }
    table.push_str("Source: the wards,,\n");
    table
}

#[test]
fn what_was_read_and_what_is_unsure() {
    let shell = TestShell::with_user_cache().file("stays.csv", &table());
    let outcome = shell.kosmos(&["data", "stays.csv"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    insta::assert_snapshot!(outcome.stdout);
    let blocks = shell.variable("LANG", "C.UTF-8").kosmos(&["data", "stays.csv"]);
    assert!(
        blocks.stdout.contains('█') && !outcome.stdout.contains('█'),
        "{}",
        blocks.stdout
    );
}

/// Of several tables, how they belong together is shown as a run would find it, or why they do not.
#[test]
fn several_tables_are_shown_joined() {
    let mut owners = String::from("owner,town\n");
    let mut pets = String::from("pet,owner,weight\n");
    let mut lakes = String::from("lake,depth\n");
    for n in 0..30 {
        owners.push_str(&format!("O-{n:03},{}\n", ["Ulm", "Bonn", "Trier"][n % 3]));
        pets.push_str(&format!(
            "p{n}a,O-{n:03},{}.5\np{n}b,O-{n:03},{}.25\n",
            n % 7 + 2,
            n % 5
        ));
        lakes.push_str(&format!("{}{n},{}\n", ["Upper", "Lower"][n % 2], n * 37 % 101));
    }
    let shell = TestShell::with_user_cache()
        .file("owners.csv", &owners)
        .file("pets.csv", &pets)
        .file("lakes.csv", &lakes);
    let outcome = shell.kosmos(&["data", "owners.csv", "pets.csv"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let (_, joined) = outcome.stdout.split_once("\nowners + pets: ").unwrap();
    insta::assert_snapshot!(joined);
    let apart = shell.kosmos(&["data", "owners.csv", "lakes.csv"]);
    assert_eq!(apart.code, 0, "{}", apart.stderr);
    let (_, apart) = apart.stdout.split_once("\nowners + lakes: ").unwrap();
    assert!(apart.starts_with("not joined\n  because "), "{apart}");
}

#[test]
fn a_codebook_is_written_beside_the_table_and_never_over_a_file() {
    let shell = TestShell::with_user_cache().file("wards/stays.csv", &table());
    let outcome = shell.kosmos(&["data", "wards/stays.csv", "--write"]);
    assert_eq!(
        (outcome.code, outcome.stderr.as_str()),
        (0, "wrote DESK/wards/codebook.toml\n")
    );
    let written = fs::read_to_string(shell.path("wards/codebook.toml")).unwrap();
    assert!(
        written.contains("[[table]]\nname = \"stays\"\nfile = \"stays.csv\"\n"),
        "{written}"
    );
    insta::assert_snapshot!(shell.kosmos(&["data", "wards/stays.csv", "--write"]).stderr, @"
    error: there is a file DESK/wards/codebook.toml already
    help: name another with --write=PATH, or overwrite it with --force
    ");
    fs::write(shell.path("wards/codebook.toml"), "mine").unwrap();
    let outcome = shell.kosmos(&["data", "wards/stays.csv", "--write", "--force"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(fs::read_to_string(shell.path("wards/codebook.toml")).unwrap(), written);
    let outcome = shell.kosmos(&["data", "wards/stays.csv", "--write=other.toml"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(fs::read_to_string(shell.path("other.toml")).unwrap(), written);
}

#[test]
fn what_is_no_table_is_an_error_that_names_it() {
    let shell = TestShell::with_user_cache()
        .file("stays.csv", &table())
        .file("empty.csv", "")
        .file("page.pdf", "%PDF-1.7\n");
    for (arguments, words) in [
        (&["data"][..], "required"),
        (&["data", "nowhere.csv"], "DESK/nowhere.csv"),
        (&["data", "empty.csv"], "DESK/empty.csv"),
        (
            &["data", "stays.csv", "page.pdf"],
            "DESK/page.pdf: this is a PDF document",
        ),
        (
            &["data", "stays.csv", "--sheet", "x"],
            "DESK/stays.csv: the file has no sheets",
        ),
        (
            &["data", "stays.csv", "--header", "99"],
            "DESK/stays.csv: the file has fewer than",
        ),
        (&["data", "stays.csv", "--force"], "--write"),
    ] {
        let outcome = shell.kosmos(arguments);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {}",
            outcome.stderr
        );
        assert!(outcome.stderr.contains(words), "{arguments:?}: {}", outcome.stderr);
        let outcome = shell.kosmos(&[arguments, &["--json"]].concat());
        assert_eq!(outcome.json()["error"]["exit_code"], 2, "{arguments:?}");
    }
}

/// The folders of readings in the folder of temporary files.
fn scratch_folders(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let rows: String = (0..400_000_u64)
        .map(|n| format!("word {n},{},{}\n", n * 7919 % 1009, n % 13))
        .collect();
    let shell = TestShell::with_user_cache()
        .file("long.csv", &format!("a,b,c\n{rows}"))
        .file("tmp/.keep", "");
    fs::remove_file(shell.path("tmp/.keep")).unwrap();
    let temporary = shell.path("tmp");
    let shell = shell.variable("TMPDIR", temporary.to_str().unwrap());
    let mut child = shell
        .command(&["data", "long.csv", "--write"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    // The script is there: it is about to run.
    let begun = || {
        let folders = scratch_folders(&temporary);
        folders.iter().any(|folder| {
            let inside = fs::read_dir(temporary.join(folder)).into_iter().flatten();
            inside.flatten().any(|entry| entry.path().join("script.py").exists())
        })
    };
    while !begun() {
        assert!(
            Instant::now() < until && child.try_wait().unwrap().is_none(),
            "it never began"
        );
        thread::sleep(Duration::from_millis(5));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.stdout.is_empty());
    assert_eq!(scratch_folders(&temporary), Vec::<String>::new());
    assert!(!shell.path("codebook.toml").exists() && shell.runs().is_empty());
}
