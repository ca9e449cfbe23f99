//! One section for each of the first findings.

use super::words;
use crate::legacy::v1::order;
use crate::report::Dossier;
use crate::report::citation::{Cited, FigureFile};
use crate::report::document::{
    Block, Blocks, Draft, Line, LinkTarget, Piece, Tone, heading, line, paragraph, slug, table, text,
};
use crate::report::name::Name;
use crate::report::number::NumberFormat;
use crate::report::trace::Traced;
use crate::science::{Adjusted, Part, TestRecord};

/// Findings that have a section of their own, by rank.
pub(crate) const SECTIONS: usize = 25;

/// The anchor of a finding's section.
pub(super) fn anchor(test: &TestRecord) -> String {
    slug(&format!("finding-{}", test.id))
}

/// The sections.
pub(super) fn sections(dossier: &Dossier, out: &mut Blocks) {
    let findings = order::ordered_findings(dossier);
    if !findings.is_empty() {
        out.push(heading(2, "details", text("Each finding")));
    }
    for test in findings.into_iter().take(SECTIONS) {
        let mut card = vec![heading(3, &anchor(test), words::relation(test))];
        card.push(paragraph(
            line()
                .badge(words::tone(test), test.wording.as_str())
                .text(" ")
                .name(&test.statement),
        ));
        for figure in dossier.figures.iter().filter(|figure| figure.finding == test.id) {
            card.push(Block::Figure(FigureFile {
                experiment: figure.experiment.clone(),
                file: figure.file.clone(),
                alt: figure.alt.clone(),
            }));
        }
        card.push(Block::List(key_numbers(test)));
        caveats(test, &mut card);
        reversal(test, &mut card);
        groups(test, &mut card);
        parts(test, &mut card);
        let mut checks = Blocks::new();
        assumptions(test, &mut checks);
        variants(test, &mut checks);
        adjusted(test, &mut checks);
        if !checks.is_empty() {
            card.push(Block::Details {
                summary: text("Checks: assumptions, other routes, third columns"),
                blocks: checks,
            });
        }
        card.push(paragraph(evidence(test)));
        out.push(Block::Card(card));
    }
}

/// Direction, effect, error rates and test of a finding, as points.
pub(crate) fn key_numbers(test: &TestRecord) -> Vec<Line<Draft>> {
    let traced = Traced(test);
    let rows = match test.part {
        Part::Whole => " complete rows of the whole table",
        Part::Confirm => " complete rows that were held back when it was chosen",
    };
    let mut points = vec![
        line()
            .strong(text("Direction:"))
            .text(" ")
            .then(words::direction(test))
            .text(predicted(test)),
        line()
            .strong(text("Effect:"))
            .text(" ")
            .then(words::effect(&traced.effect()))
            .text(", on ")
            .number(traced.n())
            .text(rows),
        line()
            .strong(text("Test:"))
            .text(" ")
            .code(&test.test)
            .text(", statistic ")
            .number_or(traced.statistic(), "not given")
            .text(", p ")
            .number(traced.p())
            .text("; after control over the whole run, q ")
            .number(traced.q()),
        line().strong(text("Why this test:")).text(" ").name(&test.why),
    ];
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
                .strong(text("Smallest effect it would have seen:"))
                .text(" ")
                .then(detectable(test, mde)),
        );
    }
    points
}

/// A minimum detectable effect with its power.
pub(super) fn detectable(test: &TestRecord, value: Cited) -> Line<Draft> {
    let Some(mde) = &test.mde else {
        return line().number(value);
    };
    let traced = Traced(test);
    words::named(&mde.name)
        .text(" ")
        .number(value)
        .text(" (power ")
        .number(traced.cite_below(mde.power, "mde/power").format(NumberFormat::Percent))
        .text(" at ")
        .number(traced.cite_below(mde.alpha, "mde/alpha").format(NumberFormat::Percent))
        .text(")")
}

fn predicted(test: &TestRecord) -> &'static str {
    match (&test.predicted, &test.direction) {
        (Some(predicted), Some(direction)) if predicted == direction => ", as predicted before the test",
        (Some(_), Some(_)) => ", against what was predicted before the test",
        _ => "",
    }
}

fn caveats(test: &TestRecord, out: &mut Blocks) {
    if test.caveats.is_empty() {
        return;
    }
    out.push(paragraph(line().strong(text("Read with care:"))));
    let explained = test.caveats.iter().map(|word| {
        let note = test.caveat_notes.get(word).map(String::as_str);
        line()
            .strong(words::caveat(word.as_str()))
            .text(": ")
            .then(words::caveat_explained(word.as_str(), note))
            .text(".")
    });
    out.push(Block::List(explained.collect()));
}

/// Simpson's paradox, told where it matters.
fn reversal(test: &TestRecord, out: &mut Blocks) {
    for (at, adjusted) in test
        .adjusted
        .iter()
        .enumerate()
        .filter(|(_, adjusted)| adjusted.reversal)
    {
        let over_all = words::direction(test);
        let within = words::worded(test, adjusted.direction.as_deref());
        let story = text("Over all rows: ")
            .then(over_all)
            .text(". Among rows alike in ")
            .code(&adjusted.for_column);
        let story = story
            .text(": ")
            .then(within)
            .text(". The levels differ in both columns at once, which is enough to turn the ");
        let story = story.text("relation round over all rows.");
        out.push(Block::Paragraph(Tone::Weak, story));
        strata(test, at, adjusted, out);
    }
}

fn strata(test: &TestRecord, at: usize, adjusted: &Adjusted, out: &mut Blocks) {
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
            words::worded(test, stratum.direction.as_deref()),
        ]
    });
    out.push(table(
        vec!["stratum", "n", "effect", "p", "direction"],
        vec![1, 2, 3],
        rows.collect(),
    ));
}

fn groups(test: &TestRecord, out: &mut Blocks) {
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

fn parts(test: &TestRecord, out: &mut Blocks) {
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
                effect.map_or_else(|| text("not computed"), |effect| words::effect(&effect)),
                line().number_or(p, "not computed"),
                words::worded(test, part.direction.as_deref()),
            ]
        })
        .collect();
    if !rows.is_empty() {
        out.push(table(vec!["rows", "n", "effect", "p", "direction"], vec![1, 3], rows));
    }
}

fn assumptions(test: &TestRecord, out: &mut Blocks) {
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
        &format!("{}-assumptions", anchor(test)),
        text("Assumptions checked"),
    ));
    out.push(table(
        vec!["assumption", "check", "statistic", "p", "holds"],
        vec![2, 3],
        rows.collect(),
    ));
}

fn variants(test: &TestRecord, out: &mut Blocks) {
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
            words::variant(&variant.name),
            line().code(&variant.test),
            line().number_or(
                variant.n.map(|n| traced.cite_below(n, &format!("variants/{at}/n"))),
                "–",
            ),
            effect.map_or_else(|| text("–"), |effect| words::effect(&effect)),
            line().number_or(p, "–"),
            text(words::yes_no(variant.agrees)),
        ]
    });
    out.push(heading(
        4,
        &format!("{}-variants", anchor(test)),
        text("The same question by other routes"),
    ));
    out.push(table(
        vec!["route", "test", "n", "effect", "p", "agrees"],
        vec![2, 4],
        rows.collect(),
    ));
}

fn adjusted(test: &TestRecord, out: &mut Blocks) {
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
            effect.map_or_else(|| text("not computed"), |effect| words::effect(&effect)),
            line().number_or(p, "not computed"),
            text(verdict),
        ]
    });
    out.push(heading(
        4,
        &format!("{}-adjusted", anchor(test)),
        text("With one third column held fixed"),
    ));
    out.push(table(
        vec!["given", "n", "effect", "p", "the relation"],
        vec![1, 3],
        rows.collect(),
    ));
}

/// Where it was computed and how to do it again.
fn evidence(test: &TestRecord) -> Line<Draft> {
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
        .then(confirmed(test))
}

/// The second way to the same numbers, where there had to be one.
fn confirmed(test: &TestRecord) -> Line<Draft> {
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
