use kosmos_testing::TestShell;

const QUESTION: [&str; 3] = ["run", "--question", "why?"];

fn refused(shell: &TestShell, arguments: &[&str]) -> String {
    let outcome = shell.kosmos(arguments);
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (2, ""),
        "{arguments:?}: {}",
        outcome.stderr
    );
    outcome.stderr
}

fn refused_run(shell: &TestShell, arguments: &[&str]) -> String {
    refused(shell, &[&QUESTION, arguments].concat())
}

#[test]
fn a_run_needs_a_question_and_data() {
    let shell = TestShell::new().file("a.csv", "x,y\n1,2\n");
    insta::assert_snapshot!(refused(&shell, &["run", "--data", "a.csv"]), @r#"
    error: there is no question to answer
    help: ask it with --question "...", or with question = "..." at the top of the run file
    "#);
    insta::assert_snapshot!(refused_run(&shell, &[]), @r#"
    error: there is no data to analyse
    help: name a table with --data FILE, or with a [[data]] section with path = "..." in the run file
    "#);
    insta::assert_snapshot!(refused(&shell, &["run", "--question", "  ", "--data", "a.csv"]), @r#"
    error: `question` cannot be "  ": it is blank (flag --question)
    help: give a value, or leave the key out
    "#);
}

#[test]
fn data_must_be_a_file_with_something_in_it() {
    let shell = TestShell::new().file("folder/a.csv", "x\n1\n").file("empty.csv", "");
    insta::assert_snapshot!(refused_run(&shell, &["--data", "nowhere.csv"]), @"
    error: cannot read the data file DESK/nowhere.csv (data[0].path, flag --data)
      because: No such file or directory (os error 2)
    help: check the path, which is relative to the working folder
    ");
    insta::assert_snapshot!(refused_run(&shell, &["--data", "folder/a.csv", "--data", "folder/*.tsv"]), @r#"
    error: the data DESK/folder/*.tsv matches no file (data[1].path, flag --data)
    help: name one file, a folder with the parts of one table, or a pattern in quotes such as "2024-*.csv"
    "#);
    insta::assert_snapshot!(refused_run(&shell, &["--data", "empty.csv"]), @"
    error: the data file DESK/empty.csv is empty (data[0].path, flag --data)
    help: check that the program that wrote it has finished
    ");
    insta::assert_snapshot!(refused_run(&shell, &["--data", "/dev/null"]), @"
    error: the data /dev/null is a device or a pipe, not a file (data[0].path, flag --data)
    help: save the data to a file first
    ");
    let shell = shell.file("run.toml", "question = \"why?\"\n\n[[data]]\npath = \"nowhere.csv\"\n");
    insta::assert_snapshot!(refused(&shell, &["run", "run.toml"]), @"
    error: cannot read the data file DESK/nowhere.csv (data[0].path, run file run.toml, line 4)
      because: No such file or directory (os error 2)
    help: check the path, which is relative to the file that names it
    ");
}

#[test]
fn a_run_file_must_be_there_and_be_a_file() {
    let shell = TestShell::new().file("folder/run.toml", "").file("a.csv", "x,y\n1,2\n");
    insta::assert_snapshot!(refused(&shell, &["run", "a.csv"]), @"
    error: a.csv:1:2: not valid TOML: key with no value, expected `=`
    help: a.csv is read as TOML; pass a table with --data a.csv
    ");
    insta::assert_snapshot!(refused(&shell, &["run", "nowhere.toml"]), @"
    error: cannot read the run file nowhere.toml
      because: No such file or directory (os error 2)
    help: check the path, which is relative to the working folder
    ");
    insta::assert_snapshot!(refused(&shell, &["run", "folder"]), @"
    error: cannot read the run file folder
      because: Is a directory (os error 21)
    help: name the file in that folder
    ");
}

#[test]
fn the_home_must_be_a_folder_that_can_be_written_to() {
    let shell = TestShell::new()
        .file("a.csv", "x,y\n1,2\n")
        .variable("KOSMOS_HOME", "/proc/kosmos");
    insta::assert_snapshot!(refused_run(&shell, &["--data", "a.csv", "--home", "a.csv"]), @"
    error: the home DESK/a.csv (--home) is not a folder
    help: name a folder that you can write to with --home DIR or KOSMOS_HOME
    ");
    insta::assert_snapshot!(refused_run(&shell, &["--data", "a.csv"]), @"
    error: cannot create the home /proc/kosmos (KOSMOS_HOME)
      because: No such file or directory (os error 2)
    help: name a folder that you can write to with --home DIR or KOSMOS_HOME
    ");
}

#[test]
fn flags_that_do_not_exist_are_refused_with_the_nearest() {
    let stderr = refused_run(&TestShell::new(), &["--dta", "a.csv"]);
    assert!(stderr.contains("'--data'"), "{stderr}");
    refused(&TestShell::new(), &["rnu"]);
    refused(&TestShell::new(), &["run", "--seed", "-1"]);
    refused(&TestShell::new(), &["runs", "-q", "-v"]);
}

#[test]
fn control_characters_of_a_name_do_not_reach_the_terminal() {
    let stderr = refused_run(&TestShell::new(), &["--data", "a\u{1b}[31m.csv"]);
    assert!(!stderr.contains('\u{1b}'), "{stderr:?}");
}
