//! How the run judged, in words.

use std::collections::BTreeMap;

use super::super::citation::{Cited, RecordFile};
use super::super::document::{Block, Blocks, Draft, Line, heading, line, paragraph, table, text};
use super::super::dossier::Dossier;
use super::super::evidence::JUDGED;
use super::super::number::{Number, NumberFormat};
use super::words;
use crate::science::{Arm, ExperimentRecord, Tier};

/// The methods section.
pub(super) fn add_methods_section(dossier: &Dossier, out: &mut Blocks) {
    out.push(heading(2, "methods", text("Methods")));
    let mut points = vec![
        registration_point(),
        test_choice_point(dossier),
        parts_point(dossier),
        error_control_point(dossier),
        robustness_point(dossier),
        shuffled_run_point(dossier),
        words_used(),
        causal_words_point(dossier),
        policy_point(dossier),
    ];
    points.extend(model_written(dossier));
    out.push(Block::List(points));
    add_families(dossier, out);
}

fn cite_setting(number: impl Into<Number>, key: &str) -> Cited {
    Cited::record(number, format!("/method/{key}"), RecordFile::Settings)
}

fn titled_line(title: &'static str) -> Line<Draft> {
    line().strong(text(title)).text(" ")
}

fn registration_point() -> Line<Draft> {
    titled_line("Registered, then tested.").text(
        "Every hypothesis, its kind of test, the rows it is judged on and its family went to the ledger before any script \
         ran; failures and retries are counted there too.",
    )
}

fn test_choice_point(_: &Dossier) -> Line<Draft> {
    titled_line("Choice of test.").text(
        "The test follows from the types of the columns and from checks that look at each column by itself, never at the \
         relation; the one exception, a column that separates an outcome perfectly, is said where it occurs. The script \
         computes it with SciPy or statsmodels; Kosmos checks, combines and decides.",
    )
}

fn parts_point(dossier: &Dossier) -> Line<Draft> {
    titled_line("Explore and confirm.")
        .text("Rows are divided by a seeded draw (seed ")
        .number(cite_setting(dossier.method.seed, "seed"))
        .text("), rows of the same unit together: ")
        .number(cite_setting(dossier.method.explore_share, "explore_share").format(NumberFormat::Percent))
        .text(" to explore, the rest held back. A finding is called replicated only if both parts show it.")
}

fn error_control_point(dossier: &Dossier) -> Line<Draft> {
    let out = titled_line("Error control over the whole run.")
        .text(
            "What the question asks for by name is planned from the question and the types of the columns, and judged by \
             Holm’s method; the survey of the other pairs by the weighted method of Benjamini and Hochberg. Follow-ups are \
             chosen by looking, so each is counted against every follow-up of its kind that could have been asked, by the \
             same method: choosing after looking is paid for. All three are judged on all rows, but for the analyses that a \
             model or an agent proposes after looking, which are judged on the rows held back. Each of the three has a fixed \
             share of the run’s false discovery rate of ",
        )
        .number(cite_setting(dossier.method.alpha, "alpha").format(NumberFormat::Percent));
    let mut shares: BTreeMap<Tier, f64> = BTreeMap::new();
    for family in dossier.families.iter().filter(|family| family.arm == Arm::Observed) {
        shares.insert(family.tier, family.alpha);
    }
    let sum: f64 = shares.values().sum();
    if sum <= dossier.method.alpha * (1.0 + 1e-9) {
        out.text(
            "; the shares add up to no more than that, and their sum bounds the expected share of false ones among all \
             findings of the run. The q of a test is its p adjusted so that it can be held against that rate.",
        )
    } else {
        out.text("; the shares of this run add up to more than that, so the rate is not kept over the run as a whole.")
    }
}

fn robustness_point(dossier: &Dossier) -> Line<Draft> {
    titled_line("Robustness.")
        .text("Beside each test: the same on ranks, without outliers, against ")
        .number(cite_setting(dossier.method.permutations, "permutations"))
        .text(" permutations, and with other columns held fixed one at a time. These checks use at most ")
        .number(cite_setting(dossier.method.check_rows, "check_rows"))
        .text(" rows, a seeded subsample of larger tables; the tests themselves use all complete rows.")
}

fn shuffled_run_point(dossier: &Dossier) -> Line<Draft> {
    let out = titled_line("Shuffled run.");
    let Some(null) = &dossier.shuffled_null else {
        return out.text("None was made in this run, so its rate of false alarms was not measured.");
    };
    let tests = Cited::ledger(null.tests, JUDGED, Arm::Shuffled, None);
    let findings = Cited::ledger(null.findings, JUDGED, Arm::Shuffled, None).significant();
    out.text("The same research was done on the same table with every column shuffled on its own, where all that is found is false. Tests made there: ")
        .number(tests)
        .text("; significant there: ")
        .number(findings)
        .text(".")
}

fn words_used() -> Line<Draft> {
    titled_line("Words.").text(
        "A replicated association passed the control over the whole run, and both parts of the rows show it; an association \
         passed the control; what is called suggestive did not pass it, though its p-value by itself is small; with no \
         detectable association, look at the smallest effect that would have been seen.",
    )
}

fn causal_words_point(dossier: &Dossier) -> Line<Draft> {
    let out = titled_line("Association and cause.");
    if dossier.method.randomised.is_empty() {
        return out
            .text("No column was declared as assigned at random, so nothing here is called an effect or a cause.");
    }
    let columns = words::join_lines(dossier.method.randomised.iter().map(|column| line().code(column)), "");
    out.text("The user declared as assigned at random: ")
        .then(columns)
        .text(". Differences by these are called effects; everything else is association.")
}

/// Where a model wrote code, what it took for its numbers to count.
fn model_written(dossier: &Dossier) -> Option<Line<Draft>> {
    let written = |experiment: &ExperimentRecord| experiment.written_by.is_some();
    dossier.experiments.iter().any(written).then(|| {
        titled_line("Code by a model.").text(
            "Some analyses were written by a model as a function of a table, from a protocol that was registered before. \
             Each call of it ran in a process of its own that saw the rows of that call and nothing else. It had to give \
             the same twice and whatever the order of rows and columns, to change when the exposure or the outcome alone \
             was shuffled, and to find no more than chance in shuffled copies of the rows held back. Its p-value is never \
             smaller than those copies support, by the sequential method of Besag and Clifford. Its numbers count only \
             where a built-in template, or a second script with other code whose author saw the claim and not the method, \
             agrees on the rows held back; of two scripts, the more cautious one is reported. Where they disagree, the \
             hypothesis is listed as untested with the reason.",
        )
    })
}

fn policy_point(dossier: &Dossier) -> Line<Draft> {
    titled_line("Policy.")
        .text("Hypotheses were proposed by the policy ")
        .code(&dossier.method.policy)
        .text(". In the tables, an interval is a ninety-five per cent confidence interval, and a p-value is two-sided.")
}

fn add_families(dossier: &Dossier, out: &mut Blocks) {
    if dossier.families.is_empty() {
        return;
    }
    out.push(paragraph(line().strong(text("Families of the error control"))));
    let rows = dossier.families.iter().enumerate().map(|(at, family)| {
        let record =
            |number: Number, key: &str| Cited::record(number, format!("/families/{at}/{key}"), RecordFile::Journal);
        let judged = |count: u64| Cited::ledger(count, JUDGED, family.arm, Some(family.cycle)).of_tier(family.tier);
        vec![
            line().number(record(family.cycle.into(), "cycle")),
            text(family.tier.as_str()),
            text(arm_words(family.arm)),
            line().number(record(family.alpha.into(), "alpha").format(NumberFormat::Percent)),
            line().number(judged(family.tests)),
            line().number(judged(family.significant).significant()),
        ]
    });
    let head = vec!["cycle", "tier", "data", "share of the rate", "tests", "significant"];
    out.push(table(head, vec![0, 3, 4, 5], rows.collect()));
}

/// An arm in words.
pub(super) fn arm_words(arm: Arm) -> &'static str {
    match arm {
        Arm::Observed => "as given",
        Arm::Shuffled => "shuffled",
    }
}
