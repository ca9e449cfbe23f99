//! One section for each of the first findings.

use super::super::citation::{Cited, FigureFile};
use super::super::document::{
    Block, Blocks, Draft, Line, LinkTarget, Piece, Tone, heading, line, paragraph, slug, table, text,
};
use super::super::dossier::Dossier;
use super::super::name::Name;
use super::super::number::NumberFormat;
use super::super::order;
use super::super::trace::Traced;
use super::effect::describe_effect;
use super::words;
use crate::science::{Adjusted, Part, TestRecord, kind};

/// Findings that have a section of their own, by rank.
pub(crate) const SECTIONS: usize = 25;

/// The anchor of a finding's section.
pub(super) fn section_anchor(test: &TestRecord) -> String {
    slug(&format!("finding-{}", test.id))
}

/// The sections.
pub(super) fn add_finding_sections(dossier: &Dossier, out: &mut Blocks) {
    let findings = order::ordered_findings(dossier);
    if !findings.is_empty() {
        out.push(heading(2, "details", text("Each finding")));
    }
    for test in findings.into_iter().take(SECTIONS) {
        let mut card = vec![heading(3, &section_anchor(test), words::relation_line(test))];
        card.push(paragraph(
            line()
                .badge(words::wording_tone(test), test.wording.as_str())
                .text(" ")
                .then(words::statement_clause(test)),
        ));
        for figure in dossier.figures.iter().filter(|figure| figure.finding == test.id) {
            card.push(Block::Figure(FigureFile {
                experiment: figure.experiment.clone(),
                file: figure.file.clone(),
                alt: figure.alt.clone(),
            }));
        }
        card.push(Block::List(key_numbers(dossier, test)));
        add_caveats(test, &mut card);
        add_reversal(test, &mut card);
        add_groups(test, &mut card);
        add_parts(test, &mut card);
        let mut checks = Blocks::new();
        add_assumptions(test, &mut checks);
        add_variants(test, &mut checks);
        add_adjusted(test, &mut checks);
        if !checks.is_empty() {
            card.push(Block::Details {
                summary: text("Checks: assumptions, other methods, third columns"),
                blocks: checks,
            });
        }
        card.push(paragraph(evidence_line(test)));
        out.push(Block::Card(card));
    }
}

/// Direction, effect, error rates and test of a finding, as points.
pub(crate) fn key_numbers(dossier: &Dossier, test: &TestRecord) -> Vec<Line<Draft>> {
    let traced = Traced(test);
    let rows = match test.part {
        Part::Whole => " complete rows of the whole table",
        Part::Confirm => " complete rows that were held back when it was chosen",
    };
    let mut points = vec![
        line()
            .strong(text("Direction:"))
            .text(" ")
            .then(words::direction_clause(test))
            .text(prediction_words(test)),
        line()
            .strong(text("Effect:"))
            .text(" ")
            .then(words::effect_line(&traced.effect()))
            .text(", on ")
            .number(traced.n())
            .text(rows),
    ];
    if let Some(told) = describe_effect(dossier, test) {
        let told = told.clause.text(" (").then(told.details).text(")");
        points.push(line().strong(text("In units:")).text(" ").then(told));
    }
    points.extend([
        line()
            .strong(text("Test:"))
            .text(" ")
            .code(&test.test)
            .text(", statistic ")
            .number_or(traced.statistic(), "not given")
            .text(", p ")
            .number(traced.p())
            .text(bound_words(test))
            .text("; after control over the whole run, q ")
            .number(traced.q()),
        line().strong(text("Why this test:")).text(" ").name(&test.why),
    ]);
    if let Some(model) = &test.proposed_by {
        points.push(
            line()
                .strong(text("Proposed by:"))
                .text(" the model ")
                .code(model)
                .text(", registered before its test"),
        );
    }
    if let Some(mde) = traced.mde() {
        points.push(
            line()
                .strong(text("Smallest detectable effect:"))
                .text(" ")
                .then(detectable_line(test, mde)),
        );
    }
    points
}

/// Says that a p-value is what shuffled copies support, where a function of a model gave a smaller one.
fn bound_words(test: &TestRecord) -> &'static str {
    let own = test.confirm.as_ref().and_then(|part| part.p);
    match own.filter(|own| test.kind == kind::CUSTOM && *own < test.p) {
        Some(_) => " (its own is smaller than its shuffled copies support)",
        None => "",
    }
}

/// A minimum detectable effect with its power.
pub(super) fn detectable_line(test: &TestRecord, value: Cited) -> Line<Draft> {
    let Some(mde) = &test.mde else {
        return line().number(value);
    };
    let traced = Traced(test);
    words::effect_name_line(&mde.name)
        .text(" ")
        .number(value)
        .text(" (power ")
        .number(traced.cite_below(mde.power, "mde/power").format(NumberFormat::Percent))
        .text(" at ")
        .number(traced.cite_below(mde.alpha, "mde/alpha").format(NumberFormat::Percent))
        .text(")")
}

fn prediction_words(test: &TestRecord) -> &'static str {
    match (&test.predicted, &test.direction) {
        (Some(predicted), Some(direction)) if predicted == direction => ", as predicted before the test",
        (Some(_), Some(_)) => ", contrary to the prediction made before the test",
        _ => "",
    }
}

fn add_caveats(test: &TestRecord, out: &mut Blocks) {
    if test.caveats.is_empty() {
        return;
    }
    out.push(paragraph(line().strong(text("Read with care:"))));
    let explained = test.caveats.iter().map(|word| {
        let note = test.caveat_notes.get(word).map(String::as_str);
        line()
            .strong(words::caveat_line(word))
            .text(": ")
            .then(words::caveat_explained(word, note))
            .text(".")
    });
    out.push(Block::List(explained.collect()));
}

/// Simpson's paradox, told where it matters.
fn add_reversal(test: &TestRecord, out: &mut Blocks) {
    for (at, adjusted) in test
        .adjusted
        .iter()
        .enumerate()
        .filter(|(_, adjusted)| adjusted.reversal)
    {
        let over_all = words::direction_clause(test);
        let within = words::worded_direction(test, adjusted.direction.as_deref());
        let story = text("Over all rows: ")
            .then(over_all)
            .text(". Among rows with the same value of ")
            .code(&adjusted.for_column);
        let story = story
            .text(": ")
            .then(within)
            .text(". The levels differ in both columns, which is enough to reverse the ");
        let story = story.text("relation over all rows.");
        out.push(Block::Paragraph(Tone::Weak, story));
        add_strata(test, at, adjusted, out);
    }
}

fn add_strata(test: &TestRecord, at: usize, adjusted: &Adjusted, out: &mut Blocks) {
    let Some(strata) = &adjusted.strata else { return };
    let traced = Traced(test);
    let rows = strata.iter().enumerate().map(|(level, stratum)| {
        let place = |key: &str| format!("adjusted/{at}/strata/{level}/{key}");
        let value = stratum
            .effect_value
            .map(|value| traced.cite_below(value, &place("effect_value")));
        let p = stratum
            .p
            .map(|p| traced.cite_below(p, &place("p")).format(NumberFormat::P));
        vec![
            line().code(&adjusted.for_column).text(": ").code(&stratum.level),
            line().number(traced.cite_below(stratum.n, &place("n"))),
            line().number_or(value, "not computed"),
            line().number_or(p, "not computed"),
            words::worded_direction(test, stratum.direction.as_deref()),
        ]
    });
    out.push(table(
        vec!["stratum", "n", "effect", "p", "direction"],
        vec![1, 2, 3],
        rows.collect(),
    ));
}

fn add_groups(test: &TestRecord, out: &mut Blocks) {
    let Some(groups) = &test.groups else { return };
    let traced = Traced(test);
    let what = match &test.y_level {
        Some(level) => text("Rate of ").code(&test.y).text(" = ").code(level),
        None => text("Mean of ").code(&test.y),
    };
    out.push(paragraph(
        line().strong(what.text(" by ").code(&test.x).text(", largest first")),
    ));
    let rows = groups.iter().enumerate().map(|(at, group)| {
        let value = group
            .value
            .map(|value| traced.cite_below(value, &format!("groups/{at}/value")));
        let value = if test.y_level.is_some() {
            value.map(|value| value.format(NumberFormat::Percent))
        } else {
            value
        };
        vec![
            line().code(&group.level),
            line().number(traced.cite_below(group.n, &format!("groups/{at}/n"))),
            line().number_or(value, "not computed"),
        ]
    });
    let head = vec!["level", "n", if test.y_level.is_some() { "rate" } else { "mean" }];
    out.push(table(head, vec![1, 2], rows.collect()));
}

fn add_parts(test: &TestRecord, out: &mut Blocks) {
    let traced = Traced(test);
    let verdict = match test.replicated {
        Some(true) => "Replicated: both parts of the rows show it.",
        Some(false) => "Not replicated: the two parts of the rows do not both show it.",
        None => "Replication could not be checked: too few rows to divide, or to test in each part.",
    };
    out.push(paragraph(line().strong(text(verdict))));
    let rows: Vec<_> = traced
        .parts()
        .into_iter()
        .map(|(name, part)| {
            let p = part
                .p
                .map(|p| traced.cite_below(p, &format!("{name}/p")).format(NumberFormat::P));
            let effect = part
                .effect
                .as_ref()
                .map(|effect| traced.effect_at(effect, &format!("{name}/effect")));
            vec![
                text(if name == "explore" {
                    "explored first"
                } else {
                    "held back"
                }),
                line().number(traced.cite_below(part.n, &format!("{name}/n"))),
                effect.map_or_else(|| text("not computed"), |effect| words::effect_line(&effect)),
                line().number_or(p, "not computed"),
                words::worded_direction(test, part.direction.as_deref()),
            ]
        })
        .collect();
    if !rows.is_empty() {
        out.push(table(vec!["rows", "n", "effect", "p", "direction"], vec![1, 3], rows));
    }
}

fn add_assumptions(test: &TestRecord, out: &mut Blocks) {
    if test.assumptions.is_empty() {
        return;
    }
    let traced = Traced(test);
    let rows = test.assumptions.iter().enumerate().map(|(at, assumption)| {
        let statistic = assumption
            .statistic
            .map(|value| traced.cite_below(value, &format!("assumptions/{at}/statistic")));
        let p = assumption.p.map(|p| {
            traced
                .cite_below(p, &format!("assumptions/{at}/p"))
                .format(NumberFormat::P)
        });
        vec![
            line().name(&assumption.name),
            line().code(&assumption.check),
            line().number_or(statistic, "–"),
            line().number_or(p, "–"),
            text(words::yes_no(assumption.holds)),
        ]
    });
    out.push(heading(
        4,
        &format!("{}-assumptions", section_anchor(test)),
        text("Assumptions checked"),
    ));
    out.push(table(
        vec!["assumption", "check", "statistic", "p", "holds"],
        vec![2, 3],
        rows.collect(),
    ));
}

fn add_variants(test: &TestRecord, out: &mut Blocks) {
    if test.variants.is_empty() {
        return;
    }
    let traced = Traced(test);
    let rows = test.variants.iter().enumerate().map(|(at, variant)| {
        let effect = variant
            .effect
            .as_ref()
            .map(|effect| traced.effect_at(effect, &format!("variants/{at}/effect")));
        let p = variant.p.map(|p| {
            traced
                .cite_below(p, &format!("variants/{at}/p"))
                .format(NumberFormat::P)
        });
        vec![
            words::variant_name(&variant.name),
            line().code(&variant.test),
            line().number_or(
                variant.n.map(|n| traced.cite_below(n, &format!("variants/{at}/n"))),
                "–",
            ),
            effect.map_or_else(|| text("–"), |effect| words::effect_line(&effect)),
            line().number_or(p, "–"),
            text(words::yes_no(variant.agrees)),
        ]
    });
    out.push(heading(
        4,
        &format!("{}-variants", section_anchor(test)),
        text("The same question by other methods"),
    ));
    out.push(table(
        vec!["route", "test", "n", "effect", "p", "agrees"],
        vec![2, 4],
        rows.collect(),
    ));
}

fn add_adjusted(test: &TestRecord, out: &mut Blocks) {
    if test.adjusted.is_empty() {
        return;
    }
    let traced = Traced(test);
    let rows = test.adjusted.iter().enumerate().map(|(at, adjusted)| {
        let effect = adjusted
            .effect
            .as_ref()
            .map(|effect| traced.effect_at(effect, &format!("adjusted/{at}/effect")));
        let p = adjusted.p.map(|p| {
            traced
                .cite_below(p, &format!("adjusted/{at}/p"))
                .format(NumberFormat::P)
        });
        let verdict = match (adjusted.reversal, adjusted.explained_away) {
            (true, _) => "turns round",
            (false, true) => "explained away",
            (false, false) => "stays",
        };
        vec![
            line().code(&adjusted.for_column),
            line().number_or(
                adjusted.n.map(|n| traced.cite_below(n, &format!("adjusted/{at}/n"))),
                "–",
            ),
            effect.map_or_else(|| text("not computed"), |effect| words::effect_line(&effect)),
            line().number_or(p, "not computed"),
            text(verdict),
        ]
    });
    out.push(heading(
        4,
        &format!("{}-adjusted", section_anchor(test)),
        text("With one third column held fixed"),
    ));
    out.push(table(
        vec!["given", "n", "effect", "p", "the relation"],
        vec![1, 3],
        rows.collect(),
    ));
}

/// Where it was computed and how to do it again.
fn evidence_line(test: &TestRecord) -> Line<Draft> {
    let evidence = &test.evidence;
    let folder = format!("experiments/{}", evidence.experiment);
    text("Evidence: ")
        .link(LinkTarget::File(format!("{folder}/script.py")), text("script"))
        .text(" ")
        .hash(&evidence.script_sha256)
        .text(", ")
        .link(LinkTarget::File(format!("{folder}/result.json")), text("result"))
        .text(" ")
        .hash(&evidence.result_sha256)
        .text(" at ")
        .code(&evidence.locator)
        .text(" of ")
        .code(evidence.experiment.as_str())
        .text(", hypothesis ")
        .code(test.id.as_str())
        .text(". Run it again, in a copy of the run’s folder: ")
        .command(vec![
            Piece::Text("cd experiments/"),
            Piece::Name(Name::new(evidence.experiment.as_str())),
            Piece::Text(" && python script.py"),
        ])
        .text(".")
        .then(confirmation_line(test))
}

/// The second way to the same numbers, where there had to be one.
fn confirmation_line(test: &TestRecord) -> Line<Draft> {
    let Some(other) = &test.confirmed_by else {
        return line();
    };
    let folder = format!("experiments/{}", other.experiment);
    text(" Confirmed by an independent ")
        .link(LinkTarget::File(format!("{folder}/script.py")), text("script"))
        .text(" ")
        .hash(&other.script_sha256)
        .text(" with its own ")
        .link(LinkTarget::File(format!("{folder}/result.json")), text("result"))
        .text(" ")
        .hash(&other.result_sha256)
        .text(" at ")
        .code(&other.locator)
        .text(" of ")
        .code(other.experiment.as_str())
        .text(".")
}
