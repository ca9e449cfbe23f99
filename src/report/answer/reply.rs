//! The answer to the question, from its relations.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::Known;
use crate::policy::{AskedPart, AskedState, JointModel, find_given_problem};
use crate::report::{Dossier, order::Relevance};
use crate::science::{EndReason, RunStatus, TestRecord};
use crate::study::{Answer, AnswerReason, AnswerVerdict, Inquiry, ReasonCode, Relation};

/// Sentences of an answer, at most.
const MOST_SENTENCES: usize = 8;

/// The question as it was read: against the table of which it names most columns; none where no table could be read.
pub(in crate::report) fn read_question(dossier: &Dossier) -> Option<Inquiry> {
    let relevance = Relevance::of(dossier);
    let mut best: Option<&Inquiry> = None;
    for dataset in &dossier.datasets {
        let Some(interest) = relevance.interest(&dataset.name) else {
            continue;
        };
        if best.is_none_or(|best| count_named(&interest.inquiry) > count_named(best)) {
            best = Some(&interest.inquiry);
        }
    }
    best.cloned()
}

fn count_named(inquiry: &Inquiry) -> usize {
    let named = inquiry.outcomes.iter().chain(&inquiry.exposures);
    named.collect::<BTreeSet<_>>().len()
}

/// Answers the question from the relations of the run.
pub(in crate::report) fn answer_question(
    dossier: &Dossier,
    inquiry: Option<&Inquiry>,
    relations: &[Relation],
) -> Answer {
    let asked = dossier.asked.iter().any(|part| part.relation().is_some());
    let mut chosen: Vec<&Relation> = relations
        .iter()
        .filter(|relation| match asked {
            true => is_asked(dossier, relation),
            false => relation.verdict.is_found() && is_about_open_column(dossier, relation),
        })
        .collect();
    let beside = columns_beside_models(dossier);
    // What follows from other columns comes after these.
    chosen.sort_by_key(|relation| beside.contains_key(&side_of(relation)));
    let mut reasons = reasons_of_parts(dossier);
    let verdict = decide_verdict(dossier, asked, &chosen, &reasons);
    reasons.extend(reasons_of_end(dossier, verdict));
    reasons.extend(reasons_of_question(dossier, inquiry));
    Answer {
        verdict,
        text: describe_answer(dossier, verdict, &chosen, &beside, &reasons),
        relations: chosen.iter().map(|relation| relation.id.clone()).collect(),
        reasons,
    }
}

/// Columns that are not in the joint model of what the question asks about, by table and name, each with what it follows
/// from.
fn columns_beside_models(dossier: &Dossier) -> BTreeMap<(String, String), String> {
    let relevance = Relevance::of(dossier);
    let mut beside = BTreeMap::new();
    for dataset in &dossier.datasets {
        if let (Some(interest), Some(profile)) = (relevance.interest(&dataset.name), &dataset.profile)
            && let Some(model) = JointModel::plan(interest, profile)
        {
            let left_out = model.left_out.into_iter();
            beside.extend(left_out.map(|(name, reason)| ((dataset.name.clone(), name), reason)));
        }
    }
    beside
}

/// The table and the exposure of a relation.
fn side_of(relation: &Relation) -> (String, String) {
    (relation.dataset.clone(), relation.x.clone())
}

fn is_asked(dossier: &Dossier, relation: &Relation) -> bool {
    dossier.asked.iter().any(|part| {
        part.dataset == relation.dataset && part.relation() == Some((relation.x.as_str(), relation.y.as_str()))
    })
}

/// Whether a relation has a column of a question whose other side is open; true for a question that names none.
fn is_about_open_column(dossier: &Dossier, relation: &Relation) -> bool {
    let mut columns = dossier.asked.iter().filter_map(|part| part.open_column()).peekable();
    columns.peek().is_none() || columns.any(|column| column == relation.x || column == relation.y)
}

/// Why parts of the question were not tested, each reason once.
fn reasons_of_parts(dossier: &Dossier) -> Vec<AnswerReason> {
    let mut reasons: Vec<AnswerReason> = Vec::new();
    for part in &dossier.asked {
        if let AskedState::Untestable(reason) = &part.state
            && !reasons.contains(reason)
        {
            reasons.push(reason.clone());
        }
    }
    reasons
}

fn decide_verdict(dossier: &Dossier, asked: bool, chosen: &[&Relation], reasons: &[AnswerReason]) -> AnswerVerdict {
    let ended = dossier.end.status;
    if ended == RunStatus::NotAnswerable {
        return AnswerVerdict::NotAnswerable;
    }
    let is_open = dossier.asked.iter().any(|part| part.state == AskedState::Open);
    let cut_short = matches!(ended, RunStatus::BudgetSpent | RunStatus::Stopped | RunStatus::Failed);
    if is_open || (dossier.asked.is_empty() && cut_short) {
        return AnswerVerdict::Incomplete;
    }
    let untestable = |part: &AskedPart| matches!(part.state, AskedState::Untestable(_));
    if !dossier.asked.is_empty() && dossier.asked.iter().all(untestable) {
        return AnswerVerdict::NotAnswerable;
    }
    let found = chosen.iter().filter(|relation| relation.verdict.is_found()).count();
    let found = found + earlier_findings(dossier, asked).len();
    let parts = dossier.asked.iter().filter(|part| part.relation().is_some()).count();
    match (found, asked) {
        (0, _) => AnswerVerdict::NotFound,
        (_, false) => AnswerVerdict::Found,
        (found, true) if found >= parts && reasons.is_empty() => AnswerVerdict::Found,
        (_, true) => AnswerVerdict::Mixed,
    }
}

/// What earlier runs of the project have found on the same data about what is asked, one for each pair of columns that
/// this run did not test again.
fn earlier_findings(dossier: &Dossier, asked: bool) -> Vec<&Known> {
    let settled = dossier.memory.iter().flat_map(|memory| &memory.settled);
    let same = |known: &Known, x: &str, y: &str| (known.x == x && known.y == y) || (known.x == y && known.y == x);
    let mut pairs: BTreeSet<(&str, &str)> = BTreeSet::new();
    settled
        .filter(|known| known.significant)
        .filter(|known| !dossier.tests.iter().any(|test| same(known, &test.x, &test.y)))
        .filter(|known| match asked {
            true => dossier
                .asked
                .iter()
                .any(|part| part.relation().is_some_and(|(x, y)| same(known, x, y))),
            false => {
                let mut columns = dossier.asked.iter().filter_map(AskedPart::open_column).peekable();
                columns.peek().is_none() || columns.any(|column| column == known.x || column == known.y)
            }
        })
        .filter(|known| pairs.insert((&known.x, &known.y)))
        .collect()
}

/// Why the run ended before everything was tested.
fn reasons_of_end(dossier: &Dossier, verdict: AnswerVerdict) -> Option<AnswerReason> {
    if verdict != AnswerVerdict::Incomplete {
        return None;
    }
    let code = match (dossier.end.status, &dossier.end.reason) {
        (RunStatus::Failed, _) => ReasonCode::Failed,
        (_, EndReason::Budget { .. }) => ReasonCode::BudgetSpent,
        _ => ReasonCode::Stopped,
    };
    Some(AnswerReason {
        code,
        text: dossier.end.message.clone(),
    })
}

/// Parts of the question that were not followed, each with the reason.
pub(in crate::report) fn reasons_of_question(dossier: &Dossier, inquiry: Option<&Inquiry>) -> Vec<AnswerReason> {
    let Some(inquiry) = inquiry else { return Vec::new() };
    let mut reasons = Vec::new();
    if !inquiry.given.is_empty() {
        for part in &dossier.asked {
            let dataset = dossier.datasets.iter().find(|dataset| dataset.name == part.dataset);
            let profile = dataset.and_then(|dataset| dataset.profile.as_ref());
            if let (Some(profile), Some((x, y)), AskedState::Tested) = (profile, part.relation(), &part.state)
                && let Some(problem) = find_given_problem(profile, &inquiry.given, x, y)
            {
                reasons.push(AnswerReason {
                    code: ReasonCode::NotHeldFixed,
                    text: format!("nothing was held fixed: {problem}"),
                });
            }
        }
    }
    if let Some(rows) = &inquiry.rows {
        reasons.push(AnswerReason {
            code: ReasonCode::RowsNotSelected,
            text: format!("all rows were used, not only those where {rows}"),
        });
    }
    let unmatched = inquiry.unmatched.iter().filter(|word| !names_a_table(dossier, word));
    let words: Vec<String> = unmatched.map(|word| format!("'{word}'")).collect();
    if !words.is_empty() {
        reasons.push(AnswerReason {
            code: ReasonCode::UnmatchedWords,
            text: format!("no column is named by {}", words.join(", ")),
        });
    }
    reasons
}

/// Returns true for a word of a table's name, whose rows are meant then: `penguins`, or `orders`.
fn names_a_table(dossier: &Dossier, word: &str) -> bool {
    let singular = |word: &str| word.to_lowercase().trim_end_matches('s').to_owned();
    let mut names = dossier.datasets.iter().flat_map(|dataset| {
        let words = dataset.name.split(|letter: char| !letter.is_alphanumeric());
        words.map(singular)
    });
    names.any(|name| !name.is_empty() && name == singular(word))
}

fn describe_answer(
    dossier: &Dossier,
    verdict: AnswerVerdict,
    chosen: &[&Relation],
    beside: &BTreeMap<(String, String), String>,
    reasons: &[AnswerReason],
) -> String {
    if verdict == AnswerVerdict::NotAnswerable {
        let why: Vec<&str> = match reasons {
            [] => vec![dossier.end.message.as_str()],
            reasons => reasons.iter().map(|reason| reason.text.as_str()).collect(),
        };
        return format!("Nothing could be tested: {}.", why.join("; ").trim_end_matches('.'));
    }
    let mut sentences: Vec<String> = Vec::new();
    if verdict == AnswerVerdict::Incomplete {
        sentences.push("The run ended before everything that was asked had been tested.".to_owned());
    }
    let told = chosen.iter().filter(|relation| relation.verdict.is_tested());
    let told: Vec<&Relation> = told.copied().collect();
    for relation in told.iter().take(MOST_SENTENCES) {
        sentences.push(relation.sentence.clone());
        if let Some(reason) = beside.get(&side_of(relation)) {
            let x = &relation.x;
            let reason = reason.trim_end_matches('.');
            sentences.push(format!(
                "`{x}` is in no model with the others, from which it cannot be told: {reason}."
            ));
        }
    }
    if told.len() > MOST_SENTENCES {
        sentences.push(format!("{} more relations are listed.", told.len() - MOST_SENTENCES));
    }
    let asked = dossier.asked.iter().any(|part| part.relation().is_some());
    for known in earlier_findings(dossier, asked).into_iter().take(MOST_SENTENCES) {
        sentences.push(format!(
            "Earlier runs of the project found on the same data: {}.",
            known.statement
        ));
    }
    if told.is_empty() && verdict == AnswerVerdict::NotFound {
        sentences.push(describe_nothing_found(dossier));
    }
    for reason in reasons_of_parts(dossier) {
        sentences.push(format!("Not tested: {}.", reason.text.trim_end_matches('.')));
    }
    sentences.join(" ")
}

/// What was looked for in vain: the columns whose relations were asked for, or all.
fn describe_nothing_found(dossier: &Dossier) -> String {
    let columns: BTreeSet<&str> = dossier.asked.iter().filter_map(|part| part.open_column()).collect();
    let about = |test: &&TestRecord| columns.is_empty() || columns.contains(&*test.x) || columns.contains(&*test.y);
    let tests = match dossier.tests.iter().filter(about).count() {
        0 => return "Earlier runs of the project have judged it on the same data.".to_owned(),
        1 => "1 test".to_owned(),
        tests => format!("{tests} tests"),
    };
    if columns.is_empty() {
        return format!("Nothing was detected in {tests}.");
    }
    let named: Vec<String> = columns.iter().map(|name| format!("`{name}`")).collect();
    format!("No relation of {} was detected in {tests}.", named.join(" or "))
}
