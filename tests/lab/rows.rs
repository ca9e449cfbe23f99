//! Many rows.

mod deep {
    use std::fmt::Write;

    use kosmos_testing::{TestHome, describe_output, find_test, read_findings};

    const ROWS: usize = 1_000_000;

    #[test]
    fn a_million_rows_are_researched() {
        let home = TestHome::new();
        let mut random = fastrand::Rng::with_seed(5);
        let mut table = "weight,height,shade,luck\n".to_owned();
        for _ in 0..ROWS {
            let height = random.f64() * 10.0;
            // With as much chance that neither is a near copy of the other.
            let weight = height * 2.0 + random.f64() * 12.0;
            let shade = if random.bool() { "dark" } else { "light" };
            writeln!(table, "{weight:.3},{height:.3},{shade},{:.3}", random.f64()).unwrap();
        }
        home.file("table.csv", table);
        let run_file = "question = \"Does weight go with height?\"\n[[data]]\npath = \"table.csv\"\n[budget]\ncycles = 1\n\
                        [research]\nshuffled_run = false\npermutations = 49\n";
        home.file("run.toml", run_file);
        let output = home.run(&["run", "run.toml"]);
        assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
        let found = read_findings(&home.the_run());
        let test = find_test(&found, "numeric_numeric", "weight", "height");
        assert_eq!((&test["n"], &test["significant"]), (&ROWS.into(), &true.into()));
        let luck = find_test(&found, "numeric_numeric", "luck", "weight");
        assert_eq!(luck["significant"], false);
    }
}
