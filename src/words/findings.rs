//! The check of a text against the findings that it is about.

use super::{
    LONGEST,
    claims::{self, Allowed},
    figures::{self, KnownNumber, What},
    names, plain,
};
use crate::llm::Objection;
use crate::science::{Caveat, Effect, TestRecord};

/// Facts about the whole run that a text may state.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Columns that were assigned at random.
    pub randomised: &'a [String],
    /// Tests of the whole run.
    pub tests: u64,
}

/// Holds `text` against the findings that it is about: each figure must be one of their numbers, each column one of
/// theirs, and no word stronger than the weakest of them. A text about one finding names both of its columns, a text
/// about several those of at least one.
///
/// # Errors
/// The first fault, in a sentence that the writer can mend it by.
pub fn check_against_findings(text: &str, findings: &[&TestRecord], run: Run<'_>) -> Result<(), Objection> {
    if text.chars().count() > LONGEST {
        return Err(format!("the text is longer than {LONGEST} characters").into());
    }
    let names: Vec<&str> = findings.iter().flat_map(|finding| names_of(finding)).collect();
    let bare = names::replace_names(text, &names)?;
    plain::check_plain_english(&bare)?;
    let told = |finding: &&TestRecord| names::mentions_name(text, &finding.x) && names::mentions_name(text, &finding.y);
    if !findings.iter().any(told) {
        return Err(match findings {
            [only] => format!("the text must name both `{}` and `{}`", only.x, only.y),
            _ => "the text must name both columns of at least one finding".to_owned(),
        }
        .into());
    }
    figures::check_figures(&bare, &known_numbers(findings, run))?;
    claims::check_claims(&bare, allowed_claims(findings, run))
}

fn allowed_claims(findings: &[&TestRecord], run: Run<'_>) -> Allowed {
    let all = |test: &dyn Fn(&TestRecord) -> bool| !findings.is_empty() && findings.iter().all(|finding| test(finding));
    let way = |finding: &TestRecord, sign: &str| {
        finding.direction.as_deref() == Some(sign)
            && !finding.adjusted.iter().any(|adjusted| adjusted.reversal)
            && finding.variants.iter().all(|variant| variant.agrees)
    };
    Allowed {
        causes: all(&|finding| run.randomised.contains(&finding.x)),
        replicated: all(&|finding| finding.replicated == Some(true)),
        significant: all(&|finding| finding.significant),
        rising: match (all(&|finding| way(finding, "+")), all(&|finding| way(finding, "-"))) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
    }
}

fn names_of(finding: &TestRecord) -> Vec<&str> {
    let direction = finding.direction.as_deref().filter(|way| !matches!(*way, "+" | "-"));
    let mut names = vec![
        finding.x.as_str(),
        &finding.y,
        &finding.dataset,
        &finding.effect.name,
        &finding.test,
        &finding.kind,
    ];
    names.extend(finding.covariates.iter().map(String::as_str));
    names.extend(finding.by.as_deref());
    names.extend(finding.y_level.as_deref());
    names.extend(direction);
    names.extend(finding.groups.iter().flatten().map(|group| group.level.as_str()));
    names.extend(finding.adjusted.iter().map(|adjusted| adjusted.for_column.as_str()));
    names.extend(finding.caveats.iter().map(Caveat::as_str));
    names.extend(finding.caveat_notes.values().map(String::as_str));
    names
}

fn known_numbers(findings: &[&TestRecord], run: Run<'_>) -> Vec<KnownNumber> {
    let mut numbers = vec![known_count(run.tests)];
    for finding in findings {
        push_numbers_of(finding, &mut numbers);
    }
    numbers.retain(|known| known.value.is_finite());
    numbers
}

fn push_numbers_of(finding: &TestRecord, numbers: &mut Vec<KnownNumber>) {
    let mut add = |what: What, value: Option<f64>| numbers.extend(value.map(|value| KnownNumber { what, value }));
    add(What::N, Some(finding.n as f64));
    add(What::P, Some(finding.p));
    add(What::Q, Some(finding.q));
    add(What::Other, finding.statistic);
    for value in effect_and_interval(&finding.effect) {
        add(What::Other, value);
    }
    for part in finding.explore.iter().chain(&finding.confirm) {
        add(What::N, Some(part.n as f64));
        add(What::PartP, part.p);
        for value in part.effect.iter().flat_map(effect_and_interval) {
            add(What::Other, value);
        }
    }
    let rate = finding.y_level.is_some();
    for group in finding.groups.iter().flatten() {
        add(What::N, Some(group.n as f64));
        add(if rate { What::Share } else { What::Other }, group.value);
        add(What::Count, level_as_whole_number(&group.level));
    }
    if let Some(groups) = &finding.groups {
        add(What::Count, Some(groups.len() as f64));
    }
    add(What::Count, finding.y_level.as_deref().and_then(level_as_whole_number));
    add(What::Other, finding.mde.as_ref().and_then(|mde| mde.value));
}

fn effect_and_interval(effect: &Effect) -> [Option<f64>; 3] {
    [effect.value, effect.ci_low, effect.ci_high]
}

fn known_count(count: u64) -> KnownNumber {
    KnownNumber {
        what: What::Count,
        value: count as f64,
    }
}

/// A level that is a small whole number, such as a class.
fn level_as_whole_number(level: &str) -> Option<f64> {
    let short = !level.is_empty() && level.len() <= 4 && level.chars().all(|letter| letter.is_ascii_digit());
    level.parse().ok().filter(|_| short)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::science::{ExperimentId, FindingEvidence, HypothesisId, Part, Tier, Wording};

    /// Flipper length and body mass of the penguins.
    pub(crate) fn finding() -> TestRecord {
        TestRecord {
            id: HypothesisId::derive("1"),
            dataset: "penguins".to_owned(),
            cycle: 1,
            statement: "`flipper_length_mm` goes with `body_mass_g`".to_owned(),
            parent: None,
            x: "flipper_length_mm".to_owned(),
            y: "body_mass_g".to_owned(),
            kind: "numeric_numeric".to_owned(),
            covariates: Vec::new(),
            by: None,
            tier: Some(Tier::Survey),
            part: Part::Whole,
            test: "scipy.stats.pearsonr".to_owned(),
            why: String::new(),
            assumptions: Vec::new(),
            n: 342,
            statistic: Some(32.72),
            p: 4.37e-107,
            q: 8.2e-106,
            effect: Effect {
                name: "pearson_r".to_owned(),
                value: Some(0.8712),
                ci_low: Some(0.843),
                ci_high: Some(0.8947),
            },
            direction: Some("+".to_owned()),
            directions: std::collections::BTreeMap::new(),
            predicted: None,
            groups: None,
            y_level: None,
            significant: true,
            replicated: Some(true),
            explore: None,
            confirm: None,
            variants: Vec::new(),
            adjusted: Vec::new(),
            caveats: Vec::new(),
            caveat_notes: std::collections::BTreeMap::new(),
            mde: None,
            wording: Wording::ReplicatedAssociation,
            confirmed_by: None,
            proposed_by: None,
            evidence: FindingEvidence {
                experiment: ExperimentId::derive("1"),
                script_sha256: String::new(),
                result_sha256: String::new(),
                locator: "/tests/0".to_owned(),
            },
        }
    }

    const RUN: Run<'_> = Run {
        randomised: &[],
        tests: 28,
    };

    #[test]
    fn what_the_numbers_bear_out_may_be_said() {
        for text in [
            "Penguins with a longer `flipper_length_mm` tend to have a larger `body_mass_g` (r = 0.87, 95% interval 0.843 to 0.895, n = 342, p < 0.001).",
            "body_mass_g increases with flipper_length_mm; this replicated association was found in one of 28 tests.",
        ] {
            assert_eq!(check_against_findings(text, &[&finding()], RUN), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_they_do_not_bear_out_may_not() {
        for text in [
            "A longer `flipper_length_mm` goes with a larger `body_mass_g` (r = 0.99).",
            "The `flipper_length_mm` of penguins causes their `body_mass_g`.",
            "This proves that `flipper_length_mm` goes with `body_mass_g`.",
            "The `flipper_length_mm` goes with the `diet` and the `body_mass_g`.",
            "The `flipper_length_mm` of penguins is a fine thing to have.",
            "<img src=x> `flipper_length_mm` goes with the `body_mass_g` of it",
            "A negative relation of `flipper_length_mm` with the `body_mass_g`.",
            "",
        ] {
            assert!(check_against_findings(text, &[&finding()], RUN).is_err(), "{text}");
        }
        let long = format!(
            "The `flipper_length_mm` goes with `body_mass_g`{}",
            " and so on".repeat(60)
        );
        assert!(
            check_against_findings(&long, &[&finding()], RUN)
                .unwrap_err()
                .to_string()
                .contains("longer than")
        );
    }

    #[test]
    fn causes_are_for_columns_assigned_at_random() {
        let text = "A longer `flipper_length_mm` leads to a larger `body_mass_g`.";
        assert!(check_against_findings(text, &[&finding()], RUN).is_err());
        let randomised = ["flipper_length_mm".to_owned()];
        let run = Run {
            randomised: &randomised,
            ..RUN
        };
        assert_eq!(check_against_findings(text, &[&finding()], run), Ok(()));
        let other = TestRecord {
            x: "sex".to_owned(),
            ..finding()
        };
        assert!(
            check_against_findings(text, &[&finding(), &other], run).is_err(),
            "one of them was not"
        );
    }

    #[test]
    fn an_answer_goes_by_the_weakest_of_its_findings() {
        let alone = TestRecord {
            x: "sex".to_owned(),
            replicated: Some(false),
            ..finding()
        };
        let text = "The `body_mass_g` goes with `flipper_length_mm`, which is replicated.";
        assert_eq!(check_against_findings(text, &[&finding()], RUN), Ok(()));
        assert!(check_against_findings(text, &[&finding(), &alone], RUN).is_err());
    }
}
