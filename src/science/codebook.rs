//! The codebook of a table, from its profile.

use serde::Deserialize;

use super::{Column, Profile};
use crate::study::{
    CodebookColumn, CodebookTable, FactSource, LevelMeaning, RowsSetAside, StructurePart, TableStructure,
    codebook::{CodebookLevel, ValueLimits},
};

/// The parts of the source's facts that a codebook has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SourceFacts {
    sheet: Option<String>,
    header_row: Option<u64>,
    set_aside: Vec<RowsSetAside>,
}

impl Profile {
    /// The entry of the table `name` as it was read, from the file of that name and hash.
    pub fn to_codebook(&self, name: &str, file: &str, sha256: &str) -> CodebookTable {
        // What an older profile says in another form is left out.
        let facts: SourceFacts = serde_json::from_value(self.source.clone()).unwrap_or_default();
        let skipped = facts
            .set_aside
            .iter()
            .find(|part| part.reason == SKIPPED)
            .map(|part| part.rows);
        CodebookTable {
            name: name.to_owned(),
            file: Some(file.to_owned()),
            sha256: Some(sha256.to_owned()),
            sheet: facts.sheet,
            header_row: facts.header_row,
            skip: skipped,
            set_aside: facts.set_aside,
            columns: self.columns.iter().map(Column::to_codebook).collect(),
            structure: self.table_structure(),
        }
    }

    /// Rows and cells that the reader set aside, as it wrote them; none where an older profile says it in another form.
    pub fn rows_set_aside(&self) -> Option<Vec<RowsSetAside>> {
        serde_json::from_value(self.source.get("set_aside")?.clone()).ok()
    }

    /// The warnings that say something beyond what was set aside and how tables were joined.
    pub fn further_warnings(&self) -> Vec<&str> {
        let set_aside = self.rows_set_aside().unwrap_or_default();
        let reasons = set_aside
            .iter()
            .filter_map(|part| Some(part.reason.split_once(": ")?.1));
        let joins = self.source.get("joins").and_then(serde_json::Value::as_array);
        let evidence = joins
            .into_iter()
            .flatten()
            .filter_map(|join| join.get("evidence")?.as_str());
        let told: Vec<&str> = reasons.chain(evidence).filter(|told| !told.is_empty()).collect();
        let warnings = self.warnings.iter().map(String::as_str);
        warnings
            .filter(|warning| !told.iter().any(|told| warning.contains(told)))
            .collect()
    }

    /// How the rows depend on each other, as far as the profile tells.
    pub fn table_structure(&self) -> TableStructure {
        if let Some(structure) = &self.structure {
            return structure.clone();
        }
        let declared = |columns: &[&str]| {
            let is_declared = |name: &&str| {
                self.column_named(name)
                    .is_some_and(|column| column.declared_role.is_some())
            };
            match columns.iter().all(is_declared) {
                true => FactSource::Declared,
                false => FactSource::Inferred,
            }
        };
        let part = |columns: &[&str], evidence: String| {
            Some(StructurePart {
                source: declared(columns),
                columns: columns.iter().map(|column| (*column).to_owned()).collect(),
                evidence: Some(evidence),
                sure: None,
            })
        };
        let units = self.units.as_ref().and_then(|units| {
            let count = units
                .n_units
                .map_or_else(|| "it".to_owned(), |count| format!("each of its {count} values"));
            part(&[&units.column], format!("rows repeat {count}"))
        });
        let time = self.time.as_ref();
        let time = time.and_then(|time| part(&[&time.column], "rows are in its order".to_owned()));
        let survival = self.survival.first();
        let survival = survival.and_then(|pair| part(&[&pair.duration, &pair.event], pair.why.clone()));
        TableStructure {
            subject: units,
            time,
            survival,
            ..TableStructure::default()
        }
    }
}

/// The reason that the reader gives for lines that were skipped because the user said so.
const SKIPPED: &str = "skipped, as declared";

impl Column {
    fn to_codebook(&self) -> CodebookColumn {
        let limits = self.limits.as_ref().map(|limits| ValueLimits {
            below: limits.below.clone(),
            above: limits.above.clone(),
        });
        CodebookColumn {
            name: self.name.clone(),
            value_type: self.value_type,
            unit: self.unit.clone(),
            levels: self.codebook_levels(),
            limits,
            label: self.label.clone(),
            description: self.description.clone(),
            role: self.declared_role,
            source: self.source,
            sure: self.sure,
        }
    }

    /// The levels with their codes, in their order if they have one, then the codes for a missing value.
    fn codebook_levels(&self) -> Vec<CodebookLevel> {
        let mut levels: Vec<CodebookLevel> = self.level_meanings().into_iter().map(CodebookLevel::from).collect();
        for level in &mut levels {
            level.missing = self.missing_codes.iter().any(|missing| missing.code == level.code);
        }
        for missing in &self.missing_codes {
            if !levels.iter().any(|level| level.code == missing.code) {
                let known = self.codes.iter().find(|code| code.code == missing.code);
                levels.push(CodebookLevel {
                    code: missing.code.clone(),
                    label: known.and_then(|code| code.label.clone()),
                    missing: true,
                });
            }
        }
        levels
    }

    /// The levels that the column was read as, by the codes that the file has for them; where it was read as numbers,
    /// those that have a label.
    fn level_meanings(&self) -> Vec<LevelMeaning> {
        let place = |level: &str| self.codes.iter().position(|code| code.label.as_deref() == Some(level));
        let known: Vec<&str> = match (&self.level_order, &self.levels) {
            (Some(order), _) => order.iter().map(String::as_str).collect(),
            (None, Some(levels)) => {
                let mut levels: Vec<&str> = levels.iter().map(|level| level.level.as_str()).collect();
                // Labelled codes stand in the file's own order.
                levels.sort_by_key(|level| place(level).unwrap_or(usize::MAX));
                levels
            }
            (None, None) => return self.codes.clone(),
        };
        let meaning = |level: &str| {
            let coded = place(level).and_then(|place| self.codes.get(place));
            coded.cloned().unwrap_or_else(|| LevelMeaning {
                code: level.to_owned(),
                label: None,
            })
        };
        known.into_iter().map(meaning).collect()
    }
}

impl Column {
    /// The levels as tests see them, which is by their labels; where the column is tested as numbers, the codes that
    /// have a label.
    pub fn tested_levels(&self) -> Vec<LevelMeaning> {
        let of_text = |level: &String| LevelMeaning {
            code: level.clone(),
            label: None,
        };
        match (&self.level_order, &self.levels) {
            (Some(order), _) => order.iter().map(of_text).collect(),
            (None, Some(levels)) => levels.iter().map(|level| of_text(&level.level)).collect(),
            (None, None) => self.codes.clone(),
        }
    }
}

impl From<LevelMeaning> for CodebookLevel {
    fn from(level: LevelMeaning) -> Self {
        Self {
            code: level.code,
            label: level.label,
            missing: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn profile() -> Profile {
        let column = |name: &str, more: serde_json::Value| {
            let mut column = json!({"name": name, "role": "numeric", "usable": true, "missing": 0, "distinct": 9});
            column
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            column
        };
        let codes =
            json!([{"code": "2", "label": "two"}, {"code": "1", "label": "one"}, {"code": "9", "label": "nine"}]);
        serde_json::from_value(json!({
            "problem": null, "rows": 9, "units": {"column": "who", "n_units": 3}, "survival": [
                {"duration": "t", "event": "e", "why": "declared"}],
            "source": {"sheet": "s", "header_row": 3, "set_aside": [
                {"what": "lines above the table", "first_row": 1, "rows": 2, "reason": "skipped, as declared"}]},
            "columns": [
                column("who", json!({"role": "identifier", "declared_role": "subject"})),
                column("g", json!({"role": "categorical", "type": "category", "codes": codes, "levels": [
                    {"level": "one", "n": 5}, {"level": "two", "n": 4}],
                    "missing_codes": [{"code": "9", "rows": 1}, {"code": "n/a", "rows": 1}]})),
                column("o", json!({"type": "ordered", "level_order": ["low", "high"], "codes": []})),
                column("n", json!({"type": "number", "codes": codes, "unit": "mm", "sure": 0.5})),
                column("e", json!({"role": "binary"})), column("t", json!({})),
            ],
        }))
        .unwrap()
    }

    #[test]
    fn levels_are_written_by_their_codes_in_the_order_of_the_file() {
        let table = profile().to_codebook("t", "t.xlsx", "00");
        let levels = |name: &str| -> Vec<(String, Option<String>, bool)> {
            let column = table.columns.iter().find(|column| column.name == name).unwrap();
            let levels = column.levels.iter().cloned();
            levels.map(|level| (level.code, level.label, level.missing)).collect()
        };
        let level = |code: &str, label: &str| (code.to_owned(), Some(label.to_owned()), false);
        let bare = |code: &str, missing: bool| (code.to_owned(), None, missing);
        assert_eq!(
            levels("g"),
            [
                level("2", "two"),
                level("1", "one"),
                ("9".to_owned(), Some("nine".to_owned()), true),
                bare("n/a", true)
            ]
        );
        assert_eq!(levels("o"), [bare("low", false), bare("high", false)]);
        assert_eq!(levels("n"), [level("2", "two"), level("1", "one"), level("9", "nine")]);
        assert_eq!(
            (table.sheet.as_deref(), table.header_row, table.skip),
            (Some("s"), Some(3), Some(2))
        );
    }

    #[test]
    fn structure_says_what_was_declared() {
        let structure = profile().to_codebook("t", "t.csv", "00").structure;
        let part = structure.subject.unwrap();
        assert_eq!(
            (part.columns, part.source),
            (vec!["who".to_owned()], FactSource::Declared)
        );
        let part = structure.survival.unwrap();
        assert_eq!((part.columns.len(), part.source), (2, FactSource::Inferred));
        assert!(structure.time.is_none());
    }

    #[test]
    fn tests_see_labels_and_the_question_too() {
        let profile = profile();
        let codes = |name: &str| -> Vec<String> {
            let levels = profile.column_named(name).unwrap().tested_levels();
            levels.into_iter().map(|level| level.code).collect()
        };
        assert_eq!(codes("g"), ["one", "two"]);
        assert_eq!(codes("n"), ["2", "1", "9"]);
    }
}
