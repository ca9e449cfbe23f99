//! Loads the codebooks that the settings name, and finds lists of codes among the tables.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{
    config::{DataFormat, DataSource, Resolved},
    hash::sha256_hex,
    study::{
        Codebook, CodebookTable, DeclaredTable,
        codebook::{CodebookSyntax, begins_code_table, read_code_table},
    },
};

/// The most bytes of a codebook.
const CODEBOOK_BYTES: u64 = 16 << 20;

/// Why a codebook cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CodebookError {
    /// The file cannot be read.
    #[error("cannot read the codebook {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An entry is unknown or malformed.
    #[error("{}, line {}{}: {fault}", path.display(), fault.line, describe_key(fault))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The entry at fault.
        fault: CodebookSyntax,
    },
    /// It describes a table that is not given.
    #[error("{}, line {line}: there is no table `{table}`; {}", path.display(), describe_tables(known))]
    UnknownTable {
        /// The file.
        path: PathBuf,
        /// The line of the table's entry.
        line: u64,
        /// The table.
        table: String,
        /// The tables that are given.
        known: Vec<String>,
    },
    /// It describes other tables than the one that it is for.
    #[error("the codebook {} has no table `{table}`", path.display())]
    LacksTable {
        /// The file.
        path: PathBuf,
        /// The table.
        table: String,
    },
    /// A list of codes is given beside another codebook.
    #[error(
        "{} is a list of codes, and the table `{table}` has the codebook {} too",
        list.display(),
        codebook.display()
    )]
    TwoCodebooks {
        /// The list of codes.
        list: PathBuf,
        /// The table.
        table: String,
        /// The other codebook.
        codebook: PathBuf,
    },
}

fn describe_key(fault: &CodebookSyntax) -> String {
    fault.key.as_ref().map(|key| format!(" ({key})")).unwrap_or_default()
}

fn describe_tables(known: &[String]) -> String {
    let quoted: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [only] => format!("the table is {only}"),
        _ => format!("the tables are {}", quoted.join(", ")),
    }
}

impl CodebookError {
    /// The remedy.
    pub fn help(&self) -> String {
        match self {
            Self::Unreadable { .. } => {
                "name a codebook in TOML, or a text table with the columns column, code, meaning"
            }
            Self::Syntax { .. } => "fix that entry or leave it out; `kosmos data FILE --write` writes a codebook",
            Self::UnknownTable { .. } => "correct the name of the table, or remove its entry",
            Self::LacksTable { .. } => "add a [[table]] with that name",
            Self::TwoCodebooks { .. } => "give one of them: the codebook can hold the labels too",
        }
        .to_owned()
    }
}

/// Reads what the codebooks of `sources` declare of each.
///
/// # Errors
/// The first codebook that cannot be read, is malformed, or does not fit the tables.
pub(super) fn load_codebooks(sources: &[DataSource]) -> Result<Vec<Option<DeclaredTable>>, CodebookError> {
    let mut names_by_file: BTreeMap<&Path, Vec<String>> = BTreeMap::new();
    for source in sources {
        if let Some(path) = &source.codebook {
            names_by_file.entry(path).or_default().push(source.display_name());
        }
    }
    let mut loaded = BTreeMap::new();
    for (path, names) in names_by_file {
        loaded.insert(path, load_codebook(path, &names)?);
    }
    let declared = sources.iter().map(|source| {
        let tables = loaded.get(source.codebook.as_deref()?)?;
        tables.get(&source.display_name()).cloned()
    });
    Ok(declared.collect())
}

/// The tables of one codebook by their names, which must be `names`.
fn load_codebook(path: &Path, names: &[String]) -> Result<BTreeMap<String, DeclaredTable>, CodebookError> {
    let text = read_text(path)?;
    let (codebook, sha256) = (shown_name(path), sha256_hex(&text));
    if let Some((columns, lines)) = read_code_table(&text) {
        let of_table = |name: &String| {
            let table = CodebookTable {
                name: name.clone(),
                columns: columns.clone(),
                ..CodebookTable::default()
            };
            let declared = DeclaredTable {
                codebook: codebook.clone(),
                sha256: sha256.clone(),
                table,
                lines: lines.clone(),
                is_code_list: true,
            };
            (name.clone(), declared)
        };
        return Ok(names.iter().map(of_table).collect());
    }
    let (parsed, lines) = Codebook::parse(&text).map_err(|fault| CodebookError::Syntax {
        path: path.to_owned(),
        fault,
    })?;
    let mut tables = BTreeMap::new();
    for (table, lines) in parsed.tables.into_iter().zip(lines) {
        if !names.contains(&table.name) {
            return Err(CodebookError::UnknownTable {
                path: path.to_owned(),
                line: lines.table,
                table: table.name,
                known: names.to_vec(),
            });
        }
        let declared = DeclaredTable {
            codebook: codebook.clone(),
            sha256: sha256.clone(),
            lines: lines.columns,
            is_code_list: false,
            table,
        };
        tables.insert(declared.table.name.clone(), declared);
    }
    match names.iter().find(|name| !tables.contains_key(*name)) {
        None => Ok(tables),
        Some(name) => Err(CodebookError::LacksTable {
            path: path.to_owned(),
            table: name.clone(),
        }),
    }
}

/// The name of a file without its folder, which differs between machines.
fn shown_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn read_text(path: &Path) -> Result<String, CodebookError> {
    let read = || {
        let metadata = std::fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
        }
        let mut text = String::new();
        File::open(path)?.take(CODEBOOK_BYTES + 1).read_to_string(&mut text)?;
        match text.len() as u64 > CODEBOOK_BYTES {
            true => Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 16 MiB")),
            false => Ok(text),
        }
    };
    read().map_err(|source| CodebookError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// Makes lists of codes that are given as tables the codebooks of the other tables. Returns a sentence about each.
///
/// # Errors
/// [`CodebookError::TwoCodebooks`].
pub(super) fn adopt_code_lists(resolved: &mut Resolved) -> Result<Vec<String>, CodebookError> {
    let settings = &mut resolved.settings;
    let are_lists: Vec<bool> = settings.data.iter().map(is_code_list).collect();
    if !are_lists.contains(&true) || !are_lists.contains(&false) {
        return Ok(Vec::new());
    }
    let mut notes = Vec::new();
    let mut kept = Vec::new();
    let mut lists = BTreeSet::new();
    for (index, (source, is_list)) in std::mem::take(&mut settings.data)
        .into_iter()
        .zip(are_lists)
        .enumerate()
    {
        let origin = resolved.origins.remove(&format!("data[{index}].path"));
        match is_list {
            true => {
                notes.push(format!(
                    "{} is a list of codes; it describes the other tables and is not analysed",
                    source.path.display()
                ));
                lists.insert(source.path);
            }
            false => {
                if let Some(origin) = origin {
                    let key = format!("data[{}].path", kept.len());
                    resolved.origins.insert(key, origin);
                }
                kept.push(source);
            }
        }
    }
    for list in lists {
        for source in &mut kept {
            if let Some(codebook) = source.codebook.replace(list.clone()) {
                return Err(CodebookError::TwoCodebooks {
                    list,
                    table: source.display_name(),
                    codebook,
                });
            }
        }
    }
    settings.data = kept;
    Ok(notes)
}

/// Returns true for a text table with the columns column, code and meaning.
fn is_code_list(source: &DataSource) -> bool {
    let text = matches!(source.format, DataFormat::Auto | DataFormat::Csv | DataFormat::Tsv);
    if !text || source.codebook.is_some() || source.sheet.is_some() {
        return false;
    }
    // The header is enough to tell that most tables are none.
    let mut head = Vec::new();
    let read = File::open(&source.path).and_then(|file| file.take(4096).read_to_end(&mut head));
    let begins = read.is_ok() && begins_code_table(&String::from_utf8_lossy(&head));
    begins && read_text(&source.path).is_ok_and(|text| read_code_table(&text).is_some())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn source(folder: &Path, name: &str, codebook: Option<&str>) -> DataSource {
        DataSource {
            codebook: codebook.map(|codebook| folder.join(codebook)),
            ..DataSource::of_file(folder.join(name))
        }
    }

    #[test]
    fn a_codebook_describes_the_tables_that_are_given_and_no_other() {
        let desk = tempfile::tempdir().unwrap();
        let of_tables = |names: &[&str]| -> String {
            let tables = names.iter().map(|name| format!("[[table]]\nname = \"{name}\"\n"));
            format!("version = 1\n{}", tables.collect::<String>())
        };
        let load = |text: &str| {
            fs::write(desk.path().join("book.toml"), text).unwrap();
            let sources = ["a.csv", "b.csv"].map(|name| source(desk.path(), name, Some("book.toml")));
            load_codebooks(&sources).map_err(|error| error.to_string().replace(desk.path().to_str().unwrap(), "DESK"))
        };
        let declared = load(&of_tables(&["b", "a"])).unwrap();
        let names: Vec<&str> = declared
            .iter()
            .flatten()
            .map(|declared| declared.table.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(
            load(&of_tables(&["a", "b", "c"])).unwrap_err(),
            "DESK/book.toml, line 6: there is no table `c`; the tables are `a`, `b`"
        );
        assert_eq!(
            load(&of_tables(&["a"])).unwrap_err(),
            "the codebook DESK/book.toml has no table `b`"
        );
        let declared = load("variable;Value;LABEL\nsex;1;male\n;2;female\n").unwrap();
        assert!(declared.iter().flatten().all(|declared| declared.is_code_list));
        assert_eq!(declared.len(), 2);
    }

    #[test]
    fn what_is_no_file_of_text_is_refused() {
        let desk = tempfile::tempdir().unwrap();
        fs::write(desk.path().join("bytes"), [0xff, 0xfe]).unwrap();
        for name in ["bytes", "nowhere", "."] {
            let found = load_codebooks(&[source(desk.path(), "a.csv", Some(name))]);
            assert!(matches!(found, Err(CodebookError::Unreadable { .. })), "{name}");
        }
    }
}
