use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::study::{LevelMeaning, ValueType};

#[derive(Deserialize)]
struct Cases {
    tables: BTreeMap<String, Table>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Table {
    columns: Vec<ColumnMeaning>,
}

/// A question with its inquiry; what is left out is empty.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    table: String,
    question: String,
    kinds: Vec<InquiryKind>,
    #[serde(default)]
    outcomes: Vec<String>,
    #[serde(default)]
    exposures: Vec<String>,
    #[serde(default)]
    symmetric: bool,
    #[serde(default, rename = "where")]
    rows: Option<String>,
    #[serde(default)]
    given: Vec<String>,
    #[serde(default)]
    unmatched: Vec<String>,
    #[serde(default)]
    background: Vec<String>,
    #[serde(default)]
    expected: Option<Expectation>,
    #[serde(default)]
    read_as: Option<String>,
}

fn cases() -> Cases {
    toml::from_str(include_str!("cases.toml")).unwrap()
}

#[test]
fn questions_are_read_as_a_careful_reader_reads_them() {
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases.case {
        let read = Inquiry::read(&case.question, &cases.tables[&case.table].columns);
        let right = Inquiry {
            kinds: case.kinds.clone(),
            outcomes: case.outcomes.clone(),
            exposures: case.exposures.clone(),
            symmetric: case.symmetric,
            rows: case.rows.clone(),
            given: case.given.clone(),
            unmatched: case.unmatched.clone(),
            background: case.background.clone(),
            read_as: case.read_as.clone().unwrap_or_else(|| read.read_as.clone()),
            expected: case.expected,
            figure: read.figure,
            subset: read.subset.clone(),
            levels: read.levels.clone(),
            named: read.named.clone(),
        };
        if read != right {
            wrong.push(format!("{}\n  read  {read:?}\n  right {right:?}", case.question));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}\n{}",
        wrong.len(),
        cases.case.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_word_is_named_known_or_listed() {
    let cases = cases();
    for case in &cases.case {
        let columns = &cases.tables[&case.table].columns;
        let (tokens, _) = words::tokenize(&case.question, MOST_TOKENS);
        let index = Index::of(columns);
        let naming = naming::find_mentions(&tokens, columns, &index);
        let outline = Outline::of(&tokens, columns, &index, &naming);
        let reading = roles::Reading::of(&outline);
        let (unmatched, background) = outline.remaining_words(&reading.known);
        let listed: String = [unmatched, background].concat().join(" ").to_lowercase();
        for (place, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_term()) {
            let known = naming.named[place]
                || reading.known[place]
                || lexicon::is_stop(token)
                || lexicon::is_filler(token)
                || lexicon::is_statistic(token)
                || lexicon::is_unit_word(token)
                || lexicon::compares(token)
                // What brackets repeat of the levels of the column before them.
                || token.depth > 0;
            assert!(
                known || listed.contains(&token.lower),
                "{}: {}",
                case.question,
                token.text
            );
        }
    }
}

#[test]
fn a_question_of_no_words_names_nothing() {
    for question in ["", "   ", "?!", "(((", ")))", "`", "what", "\u{0}\u{1b}[31m"] {
        let read = Inquiry::read(question, &cases().tables["health"].columns);
        assert_eq!(
            (read.outcomes.len(), read.exposures.len(), read.rows),
            (0, 0, None),
            "{question}"
        );
    }
    let read = Inquiry::read("Does age affect income?", &[]);
    assert_eq!(read.unmatched, ["age", "income"]);
    assert_eq!(read.read_as, "any columns, because the question names none");
}

fn column(name: &str, levels: &[&str]) -> ColumnMeaning {
    ColumnMeaning {
        name: name.to_owned(),
        value_type: if levels.is_empty() {
            ValueType::Number
        } else {
            ValueType::Category
        },
        unit: None,
        label: None,
        description: None,
        levels: levels
            .iter()
            .map(|code| LevelMeaning {
                code: (*code).to_owned(),
                label: None,
            })
            .collect(),
    }
}

#[test]
fn names_and_levels_are_quoted_in_the_condition() {
    let columns = [column("a\"b", &["men's", "mixed"]), column("y", &[]), column("z", &[])];
    let read = Inquiry::read("Does z affect y among men's?", &columns);
    assert_eq!(read.rows.as_deref(), Some("\"a\"\"b\" = 'men''s'"));
    assert_eq!(
        read.read_as,
        "the outcome `y`, explained by `z`, among rows where `a\"b` is men's"
    );
    let hostile = [column("x`\u{1b}[31m", &[]), column("y", &[])];
    let read = Inquiry::read("Does x [31m affect y?", &hostile);
    assert!(!read.read_as.contains('\u{1b}'), "{}", read.read_as);
}

#[test]
fn bounds_are_read_as_they_are_written() {
    let columns = &cases().tables["health"].columns;
    for (phrase, right) in [
        ("over 50", "\"age\" > 50"),
        ("aged 60 or more", "\"age\" >= 60"),
        ("aged 20 to 30", "\"age\" BETWEEN 20 AND 30"),
        ("with a bmi above 30", "\"bmi\" > 30"),
        ("younger than 18.5 years", "\"age\" < 18.5"),
        ("with an income of at most 1,250,000", "\"income\" <= 1250000"),
        ("whose age is between 30 and 40", "\"age\" BETWEEN 30 AND 40"),
        ("with bmi >= 25", "\"bmi\" >= 25"),
        ("who are male", "\"sex\" = 1"),
    ] {
        let read = Inquiry::read(
            &format!("Does smoking affect blood pressure in people {phrase}?"),
            columns,
        );
        assert_eq!(read.rows.as_deref(), Some(right), "{phrase}");
        assert_eq!(
            (read.outcomes, read.exposures),
            (vec!["sbp".to_owned()], vec!["smoke".to_owned()]),
            "{phrase}"
        );
    }
}

#[test]
fn all_levels_of_a_column_are_no_condition() {
    let columns = &cases().tables["health"].columns;
    let read = Inquiry::read("Does smoking affect blood pressure among men and women?", columns);
    assert_eq!((read.rows, read.exposures), (None, vec!["smoke".to_owned()]));
    let columns = &cases().tables["penguins"].columns;
    let read = Inquiry::read(
        "Does body mass depend on flipper length among Gentoo and Adelie penguins?",
        columns,
    );
    assert_eq!(read.rows.as_deref(), Some("\"species\" IN ('Adelie', 'Gentoo')"));
}

#[test]
fn a_word_of_two_columns_names_neither() {
    let columns = [
        column("birth_weight", &[]),
        column("body_weight", &[]),
        column("age", &[]),
    ];
    let read = Inquiry::read("Does age affect weight?", &columns);
    assert_eq!(
        (read.unmatched.as_slice(), read.outcomes.len()),
        (&["weight".to_owned()][..], 0)
    );
    assert!(
        read.read_as
            .ends_with("; `weight` may be `birth_weight` or `body_weight`"),
        "{}",
        read.read_as
    );
    let read = Inquiry::read("Does age affect the weight at birth?", &columns);
    assert_eq!(read.outcomes, ["birth_weight"]);
    let read = Inquiry::read(
        "Does age affect weight?",
        &[columns.to_vec(), vec![column("weight", &[])]].concat(),
    );
    assert_eq!(read.outcomes, ["weight"]);
}

#[test]
fn short_forms_name_a_column_where_no_other_fits() {
    for (name, word) in [
        ("temp", "temperature"),
        ("wt", "weight"),
        ("yr", "year"),
        ("sbp", "systolic blood pressure"),
        ("temperature", "temp"),
        ("body_mass_index", "BMI"),
        ("grp", "group"),
        ("edu", "education"),
    ] {
        let read = Inquiry::read(
            &format!("Does dose affect {word}?"),
            &[column("dose", &[]), column(name, &[])],
        );
        assert_eq!(read.outcomes, [name], "{word}");
    }
    for (name, word) in [
        ("age", "agents"),
        ("car", "carbon"),
        ("count", "country"),
        ("wt", "want"),
    ] {
        let read = Inquiry::read(
            &format!("Does dose affect {word}?"),
            &[column("dose", &[]), column(name, &[])],
        );
        assert_eq!(read.outcomes.len(), 0, "{word}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_hostile_question_is_read_in_bounded_time() {
    let words = [
        "does",
        "given",
        "age",
        "affect",
        "(",
        "older",
        "than",
        "50",
        ",",
        "and",
        "the",
        "effect",
        "of",
        "between",
        "per",
        "independent",
        "q17",
        "level",
        "women",
        "\"",
        "different",
        "on",
        "?",
        "measurements",
    ];
    let mut state = 7_u64;
    let mut draw = |most: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % most
    };
    let columns: Vec<ColumnMeaning> = (0..2_000)
        .map(|number| column(&format!("q{number} level of age"), &["women", "men", "yes"]))
        .collect();
    let start = processor_seconds();
    let mixed: Vec<&str> = (0..20_000).map(|_| words[draw(words.len())]).collect();
    for question in [
        mixed.join(" "),
        "given ".repeat(20_000),
        "(".repeat(100_000),
        "a".repeat(100_000),
        "收".repeat(30_000),
    ] {
        let read = Inquiry::read(&question, &columns);
        assert!(read.read_as.len() < 4_000);
    }
    for _ in 0..100 {
        let short: Vec<&str> = (0..draw(12)).map(|_| words[draw(words.len())]).collect();
        let _ = Inquiry::read(&short.join(" "), &columns[..20]);
    }
    // Some three seconds without optimisation; rules that compare all words with all others take minutes.
    let taken = processor_seconds() - start;
    assert!(taken < 30.0, "{taken} s");
}

/// Gives the time that this thread has had a processor, so that a machine that does much else changes nothing.
#[cfg(target_os = "linux")]
fn processor_seconds() -> f64 {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    times.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

#[test]
fn figures_that_are_asked_for_are_told_from_relations() {
    use AskedFigure as F;
    let tables = cases().tables;
    let mut wrong = Vec::new();
    /// A table, a question, the figure, what it is of, and in which groups.
    type Asked<'a> = (&'a str, &'a str, F, &'a [&'a str], &'a [&'a str]);
    let asked: [Asked<'_>; 21] = [
        (
            "survey",
            "What share of the teams uses pairing?",
            F::Share,
            &["uses: pairing"],
            &[],
        ),
        ("health", "What percentage of people smoke?", F::Share, &["smoke"], &[]),
        ("health", "What proportion are smokers?", F::Share, &["smoke"], &[]),
        ("health", "How common is smoking?", F::Share, &["smoke"], &[]),
        ("health", "How many people smoke?", F::Count, &["smoke"], &[]),
        ("health", "How many women smoke?", F::Count, &["smoke"], &[]),
        ("health", "What is the average BMI?", F::Mean, &["bmi"], &[]),
        ("health", "What is the median income?", F::Median, &["income"], &[]),
        ("health", "What is the typical income?", F::Median, &["income"], &[]),
        ("health", "How old are people on average?", F::Mean, &["age"], &[]),
        (
            "health",
            "How high is systolic blood pressure on average?",
            F::Mean,
            &["sbp"],
            &[],
        ),
        ("health", "How high is systolic blood pressure?", F::Any, &["sbp"], &[]),
        ("health", "What is the mean BMI by sex?", F::Mean, &["bmi"], &["sex"]),
        ("health", "Average BMI per sex", F::Mean, &["bmi"], &["sex"]),
        (
            "health",
            "What is the average BMI for each sex?",
            F::Mean,
            &["bmi"],
            &["sex"],
        ),
        (
            "health",
            "What is the average income in each sex?",
            F::Mean,
            &["income"],
            &["sex"],
        ),
        ("health", "What share smokes, by sex?", F::Share, &["smoke"], &["sex"]),
        (
            "penguins",
            "What is the average body mass by species?",
            F::Mean,
            &["body_mass_g"],
            &["species"],
        ),
        (
            "penguins",
            "Mean body mass across species",
            F::Mean,
            &["body_mass_g"],
            &["species"],
        ),
        (
            "penguins",
            "What is the total body mass?",
            F::Count,
            &["body_mass_g"],
            &[],
        ),
        ("penguins", "Describe the body mass", F::Any, &["body_mass_g"], &[]),
    ];
    for (table, question, figure, outcomes, groups) in asked {
        let read = Inquiry::read(question, &tables[table].columns);
        let by: Vec<&String> = read.groups().collect();
        let right = read.figure == Some(figure) && read.outcomes == outcomes && by == groups;
        if !right || !read.asks_description() || !read.asked_relations().is_empty() {
            wrong.push(format!("{question}: {read:?}"));
        }
    }
    for (table, question) in [
        ("health", "Does age change the share of smokers?"),
        ("health", "What share of the variance of income is due to sex?"),
        ("health", "Which sex has the highest average income?"),
        ("health", "Is the average income higher in women?"),
        ("health", "Is the average BMI of smokers higher than that of others?"),
        ("health", "How much does SBP rise per year of age?"),
        ("health", "Does the average BMI differ by sex?"),
        ("health", "Do women smoke more often than men?"),
        ("health", "How does the average income depend on age?"),
        ("health", "What is the effect of smoking on the average income?"),
        ("health", "Is a high BMI more common in smokers?"),
        ("health", "Does the rate of smoking change with age?"),
        ("health", "How often does smoking lead to high blood pressure?"),
        ("health", "Why is income low?"),
        ("penguins", "How large is the difference in body mass between species?"),
    ] {
        let read = Inquiry::read(question, &tables[table].columns);
        if read.asks_description() {
            wrong.push(format!("no description: {question}: {read:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let of_women = Inquiry::read("What share of women smoke?", &tables["health"].columns);
    let subset = of_women.subset.unwrap();
    assert_eq!((subset.column, subset.levels), ("sex".to_owned(), vec!["2".to_owned()]));
}
