use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::study::StructurePart;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 _.\"'\\\\#=\\[\\]{}-]{0,12}",
        any::<String>().prop_map(|text| text.chars().take(12).collect())
    ]
}

fn value_type() -> impl Strategy<Value = ValueType> {
    prop::sample::select(vec![
        ValueType::Number,
        ValueType::Count,
        ValueType::Proportion,
        ValueType::Ordered,
        ValueType::Category,
        ValueType::Binary,
        ValueType::Date,
        ValueType::Datetime,
        ValueType::Duration,
        ValueType::Period,
        ValueType::Identifier,
        ValueType::Text,
    ])
}

fn role() -> impl Strategy<Value = ColumnRole> {
    prop::sample::select(vec![
        ColumnRole::Outcome,
        ColumnRole::Exposure,
        ColumnRole::Covariate,
        ColumnRole::Cluster,
        ColumnRole::Place,
        ColumnRole::AtRisk,
        ColumnRole::Assigned,
        ColumnRole::Ignore,
    ])
}

fn source() -> impl Strategy<Value = FactSource> {
    prop::sample::select(vec![FactSource::Declared, FactSource::File, FactSource::Inferred])
}

fn number() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("equal to itself", |value| value.is_finite())
}

fn level() -> impl Strategy<Value = CodebookLevel> {
    (text(), option::of(text()), any::<bool>()).prop_map(|(code, label, missing)| CodebookLevel {
        code,
        label,
        missing,
    })
}

fn column() -> impl Strategy<Value = CodebookColumn> {
    let limits = (vec(number(), 0..3), vec(number(), 0..3)).prop_map(|(below, above)| ValueLimits { below, above });
    let meaning = (
        option::of(value_type()),
        option::of(text()),
        vec(level(), 0..4),
        option::of(limits),
    );
    let words = (text(), option::of(text()), option::of(text()));
    (
        words,
        meaning,
        option::of(role()),
        option::of(source()),
        option::of(number()),
    )
        .prop_map(
            |((name, label, description), (value_type, unit, levels, limits), role, source, sure)| CodebookColumn {
                name,
                value_type,
                unit,
                levels,
                limits,
                label,
                description,
                role,
                source,
                sure,
            },
        )
}

fn part() -> impl Strategy<Value = StructurePart> {
    (vec(text(), 0..3), source(), option::of(text()), option::of(number())).prop_map(
        |(columns, source, evidence, sure)| StructurePart {
            columns,
            source,
            evidence,
            sure,
        },
    )
}

fn table() -> impl Strategy<Value = CodebookTable> {
    let file = (option::of(text()), option::of(text()), option::of(text()));
    let row = || option::of(0..1_000_000_u64);
    let away = (text(), row(), 0..1_000_000_u64, text()).prop_map(|(what, first_row, rows, reason)| RowsSetAside {
        what,
        first_row,
        rows,
        reason,
    });
    let structure = vec(option::of(part()), 8).prop_map(|mut parts| TableStructure {
        subject: parts.pop().flatten(),
        clusters: parts.pop().flatten(),
        time: parts.pop().flatten(),
        place: parts.pop().flatten(),
        copies: parts.pop().flatten(),
        assigned: parts.pop().flatten(),
        survival: parts.pop().flatten(),
        at_risk: parts.pop().flatten(),
    });
    (
        text(),
        file,
        (row(), row()),
        vec(away, 0..3),
        vec(column(), 0..4),
        structure,
    )
        .prop_map(
            |(name, (file, sha256, sheet), (header_row, skip), set_aside, columns, structure)| CodebookTable {
                name,
                file,
                sha256,
                sheet,
                header_row,
                skip,
                set_aside,
                columns,
                structure,
            },
        )
}

/// Gives tables, columns and codes names of their own, as a codebook that is read must have them.
fn with_unique_names(mut tables: Vec<CodebookTable>) -> Vec<CodebookTable> {
    for (at, table) in tables.iter_mut().enumerate() {
        table.name.push_str(&format!(" t{at}"));
        for (at, column) in table.columns.iter_mut().enumerate() {
            column.name.push_str(&format!(" c{at}"));
            for (at, level) in column.levels.iter_mut().enumerate() {
                level.code.push_str(&format!(" l{at}"));
            }
        }
    }
    tables
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(tables in vec(table(), 0..4)) {
        let codebook = Codebook { version: CODEBOOK_VERSION, tables: with_unique_names(tables) };
        let text = codebook.to_toml();
        let (again, lines) = Codebook::parse(&text).map_err(|fault| TestCaseError::fail(format!("{fault:?}\n{text}")))?;
        prop_assert_eq!(&again, &codebook);
        prop_assert_eq!(lines.len(), codebook.tables.len());
        for (table, lines) in codebook.tables.iter().zip(&lines) {
            prop_assert_eq!(lines.columns.len(), table.columns.len());
            for line in lines.columns.iter().chain([&lines.table]) {
                let found = text.lines().nth(*line as usize - 1).unwrap_or_default();
                prop_assert!(found == "[[table]]" || found == "[[table.column]]", "line {}: {}", line, found);
            }
        }
    }

    #[test]
    fn no_text_crashes_the_readers(text in any::<String>(), cells in "[a-z,;\"\n]{0,40}") {
        let _ = Codebook::parse(&text);
        let _ = read_code_table(&text);
        let _ = read_code_table(&format!("column,code,meaning\n{cells}"));
    }
}

#[test]
fn every_role_and_source_is_written_by_its_name() {
    for role in [
        ColumnRole::Outcome,
        ColumnRole::Exposure,
        ColumnRole::Covariate,
        ColumnRole::Subject,
        ColumnRole::Cluster,
        ColumnRole::Time,
        ColumnRole::Place,
        ColumnRole::Event,
        ColumnRole::Duration,
        ColumnRole::Entry,
        ColumnRole::AtRisk,
        ColumnRole::Weight,
        ColumnRole::Assigned,
        ColumnRole::Ignore,
    ] {
        assert_eq!(serde_json::json!(role), role.name());
    }
}

#[test]
fn what_is_unknown_is_an_error_with_its_line() {
    let fault = |text: &str| {
        let fault = Codebook::parse(text).unwrap_err();
        format!("{}: {}", fault.line, fault.message)
    };
    let column = |line: &str| format!("version = 1\n[[table]]\nname = \"t\"\n[[table.column]]\nname = \"x\"\n{line}\n");
    let unknown = fault(&column("type = \"nmber\""));
    assert!(
        unknown.starts_with("6: ") && unknown.contains("nmber") && unknown.contains("ordered"),
        "{unknown}"
    );
    let unknown = fault(&column("role = \"outcom\""));
    assert!(unknown.starts_with("6: ") && unknown.contains("at_risk"), "{unknown}");
    let unknown = fault(&column("units = \"mm\""));
    assert!(unknown.starts_with("6: ") && unknown.contains("units"), "{unknown}");
    assert!(fault("version = 1\n[[tables]]\n").starts_with("2: "));
    assert!(fault("version = 2\n").contains("this is version 1"));
    assert!(fault("a,b\n1,2\n").starts_with("1: "));
    let twice = column("type = \"text\"\n[[table.column]]\nname = \"x\"");
    assert_eq!(fault(&twice), "7: two columns of `t` are named `x`");
    let twice = column("role = \"time\"\n[[table.column]]\nname = \"y\"\nrole = \"time\"");
    assert_eq!(fault(&twice), "7: two columns of `t` have the role time");
    let twice = column("levels = [{ code = \"1\" }, { code = \"1\", missing = true }]");
    assert_eq!(fault(&twice), "4: the level `1` of `x` stands twice");
}

#[test]
fn a_list_of_codes_is_read_in_any_form() {
    let read = |text: &str| read_code_table(text);
    let (columns, lines) =
        read("Label;VALUE;Variable\n\"male; m\";1;sex\nfemale;2;\nNo answer;9;\nage in years;;age\n").unwrap();
    assert_eq!(lines, [2, 5]);
    assert_eq!(columns[0].name, "sex");
    let codes: Vec<(&str, Option<&str>, bool)> = columns[0]
        .levels
        .iter()
        .map(|level| (level.code.as_str(), level.label.as_deref(), level.missing))
        .collect();
    assert_eq!(
        codes,
        [
            ("1", Some("male; m"), false),
            ("2", Some("female"), false),
            ("9", Some("No answer"), true)
        ]
    );
    assert_eq!(
        (columns[1].name.as_str(), columns[1].label.as_deref()),
        ("age", Some("age in years"))
    );
    assert!(read("\u{feff}column,code,meaning\r\nx,1,one\r\n").is_some());
    for other in [
        "column,code,meaning,more\nx,1,one,2\n",
        "column,code\nx,1\n",
        "a,b,c\nx,1,one\n",
        "column,code,meaning\n",
        "",
    ] {
        assert!(read(other).is_none(), "{other:?}");
    }
}

fn declared(text: &str) -> DeclaredTable {
    let (codebook, lines) = Codebook::parse(text).unwrap();
    DeclaredTable {
        codebook: "book.toml".to_owned(),
        sha256: String::new(),
        table: codebook.tables[0].clone(),
        lines: lines[0].columns.clone(),
        is_code_list: false,
    }
}

#[test]
fn what_the_table_does_not_have_is_a_conflict() {
    let mut declared = declared(
        "version = 1\n[[table]]\nname = \"t\"\n\n[[table.column]]\nname = \"Speces\"\nlevels = [{ code = \"a\" }]\n",
    );
    let unseen = ["a".to_owned()];
    let conflict = |declared: &DeclaredTable, columns: &[(&str, &[String])], elsewhere: bool| {
        let found = declared.find_conflict(columns, |_| elsewhere);
        found.map(|conflict| conflict.to_string())
    };
    assert_eq!(
        conflict(&declared, &[("species", &[]), ("x", &[])], true).unwrap(),
        "book.toml, line 5: the table `t` has no column `Speces`; did you mean `species`?"
    );
    assert_eq!(
        conflict(&declared, &[("Speces", &unseen)], false).unwrap(),
        "book.toml, line 5: the column `Speces` of `t` has the level `a` in no row"
    );
    assert_eq!(conflict(&declared, &[("Speces", &[])], false), None);
    declared.is_code_list = true;
    assert_eq!(
        conflict(&declared, &[("Speces", &unseen)], false),
        None,
        "codes that nobody has"
    );
    assert_eq!(
        conflict(&declared, &[("x", &[])], true),
        None,
        "a column of another table"
    );
    assert!(conflict(&declared, &[("x", &[])], false).is_some());
}
