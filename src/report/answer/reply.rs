//! The answer to the question, from its relations.

use std::collections::{BTreeMap, BTreeSet};

use super::reconcile::Reconciled;
use crate::message::Known;
use crate::policy::{AskedPart, AskedState, JointModel, find_given_problem};
use crate::report::asked::{columns_not_tested, relations_not_tested};
use crate::report::citation::Cited;
use crate::report::compose::describe_description;
use crate::report::document::{Draft, Line, line, plain_text, text};
use crate::report::evidence::JUDGED;
use crate::report::{Dossier, order::Relevance};
use crate::science::{Arm, EndReason, HypothesisId, RunStatus, TestRecord};
use crate::study::{Answer, AnswerReason, AnswerVerdict, Inquiry, ReasonCode, Relation};

/// Relations that an answer tells, at most, where the question names them.
const MOST_NAMED: usize = 8;

/// The same, where it leaves them open.
const MOST_OPEN: usize = 5;

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

/// The answer, and its sentences with the evidence of their numbers.
pub(in crate::report) struct Reply {
    /// The answer; its text are the sentences.
    pub(in crate::report) answer: Answer,
    /// The sentences, one or a few for each relation; without those on what was not tested where these are told
    /// before the answer.
    pub(in crate::report) told: Vec<Line<Draft>>,
    /// The tests that these tell.
    pub(in crate::report) leading: Vec<HypothesisId>,
}

/// Answers the question from the relations of the run.
pub(in crate::report) fn answer_question(
    dossier: &Dossier,
    inquiry: Option<&Inquiry>,
    relations: &[Reconciled],
) -> Reply {
    let asked = dossier.asked.iter().any(|part| part.relation().is_some());
    let is_chosen = |relation: &Relation| match asked {
        true => is_asked(dossier, relation),
        false => relation.verdict.is_found() && is_about_open_column(dossier, relation),
    };
    let mut chosen: Vec<&Reconciled> = relations.iter().filter(|known| is_chosen(&known.relation)).collect();
    let beside = columns_beside_models(dossier);
    // What follows from other columns comes after these.
    chosen.sort_by_key(|known| beside.contains_key(&side_of(&known.relation)));
    let mut reasons = reasons_of_parts(dossier);
    // Who asks for a figure is answered by it, and not by what goes with what.
    let described = dossier.asked.iter().any(|part| part.described().is_some());
    let chosen = if described { Vec::new() } else { chosen };
    let verdict = match described {
        true => verdict_of_description(dossier, inquiry, &reasons),
        false => decide_verdict(dossier, asked, &chosen, &reasons),
    };
    reasons.extend(reasons_of_end(dossier, verdict));
    reasons.extend(reasons_of_question(dossier, inquiry));
    let mut told = describe_answer(dossier, verdict, &chosen, &beside, &reasons);
    let mut not_tested: Vec<Line<Draft>> = Vec::new();
    if verdict != AnswerVerdict::NotAnswerable {
        let untold = reasons_of_parts(dossier).into_iter();
        not_tested.extend(untold.map(|reason| {
            let why = reason.text.trim_end_matches('.');
            text("Not tested: ").name(why).text(".")
        }));
    }
    let sentences: Vec<String> = told.iter().chain(&not_tested).map(plain_text).collect();
    if columns_not_tested(dossier).is_empty() && relations_not_tested(dossier).is_empty() {
        told.append(&mut not_tested);
    }
    let answer = Answer {
        verdict,
        text: sentences.join(" "),
        relations: chosen.iter().map(|known| known.relation.id.clone()).collect(),
        reasons,
    };
    Reply {
        answer,
        told,
        leading: chosen.iter().filter_map(|known| known.leading.clone()).collect(),
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

/// Found where every figure that was asked for is there, of the rows that are meant.
fn verdict_of_description(dossier: &Dossier, inquiry: Option<&Inquiry>, reasons: &[AnswerReason]) -> AnswerVerdict {
    let states = || {
        let parts = dossier.asked.iter().filter(|part| part.described().is_some());
        parts.map(|part| &part.state)
    };
    let is_whole = reasons.is_empty() && !inquiry.is_some_and(|inquiry| leaves_rows(dossier, inquiry));
    if states().any(|state| *state == AskedState::Open) {
        AnswerVerdict::Incomplete
    } else if states().all(|state| *state != AskedState::Tested) {
        AnswerVerdict::NotAnswerable
    } else if is_whole {
        AnswerVerdict::Found
    } else {
        AnswerVerdict::Mixed
    }
}

/// Whether some rows are meant and all were used: those of a level are told as a group of a description.
fn leaves_rows(dossier: &Dossier, inquiry: &Inquiry) -> bool {
    let Some(subset) = inquiry.subset.as_ref().filter(|_| inquiry.asks_description()) else {
        return inquiry.rows.is_some();
    };
    let told = |part: &AskedPart| part.described().is_some_and(|(_, by)| by == Some(&*subset.column));
    !dossier.asked.iter().any(told)
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

fn decide_verdict(dossier: &Dossier, asked: bool, chosen: &[&Reconciled], reasons: &[AnswerReason]) -> AnswerVerdict {
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
    let found = chosen.iter().filter(|known| known.relation.verdict.is_found()).count();
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
    if let Some(rows) = inquiry.rows.as_ref().filter(|_| leaves_rows(dossier, inquiry)) {
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
    chosen: &[&Reconciled],
    beside: &BTreeMap<(String, String), String>,
    reasons: &[AnswerReason],
) -> Vec<Line<Draft>> {
    if verdict == AnswerVerdict::NotAnswerable {
        let why: Vec<&str> = match reasons {
            [] => vec![dossier.end.message.as_str()],
            reasons => reasons.iter().map(|reason| reason.text.as_str()).collect(),
        };
        let described = dossier.asked.iter().any(|part| part.described().is_some());
        let what = match described {
            true => "Nothing could be described: ",
            false => "Nothing could be tested: ",
        };
        let why = why.join("; ");
        return vec![text(what).name(why.trim_end_matches('.')).text(".")];
    }
    let mut sentences: Vec<Line<Draft>> = Vec::new();
    if verdict == AnswerVerdict::Incomplete {
        sentences.push(text("The run ended before everything that was asked had been tested."));
    }
    let told = chosen.iter().filter(|known| known.relation.verdict.is_tested());
    let told: Vec<&Reconciled> = told.copied().collect();
    let asked = dossier.asked.iter().any(|part| part.relation().is_some());
    let most = if asked { MOST_NAMED } else { MOST_OPEN };
    for known in told.iter().take(most) {
        let Reconciled { relation, told, .. } = known;
        let beside = beside.get(&side_of(relation)).map(|reason| {
            let which = text(" ").code(&relation.x);
            let why = which.text(" is in no model with the others, from which it cannot be told: ");
            why.name(reason.trim_end_matches('.')).text(".")
        });
        sentences.push(told.clone().then(beside.unwrap_or_else(line)));
    }
    for description in &dossier.descriptions {
        sentences.push(describe_description(dossier, description));
    }
    if told.len() > most {
        sentences.push(text("More relations are listed below."));
    }
    let described = dossier.asked.iter().any(|part| part.described().is_some());
    let earlier = earlier_findings(dossier, asked).into_iter().filter(|_| !described);
    for known in earlier.take(most) {
        let earlier = text("Earlier runs of the project found on the same data: ");
        sentences.push(earlier.name(&known.statement).text("."));
    }
    if told.is_empty() && verdict == AnswerVerdict::NotFound {
        sentences.push(describe_nothing_found(dossier));
    }
    let left = reasons
        .iter()
        .filter(|reason| reason.code == ReasonCode::RowsNotSelected);
    for reason in left.filter(|_| described) {
        sentences.push(text("But ").name(&reason.text).text("."));
    }
    sentences
}

/// What was looked for in vain: the columns whose relations were asked for, or all.
fn describe_nothing_found(dossier: &Dossier) -> Line<Draft> {
    let columns: BTreeSet<&str> = dossier.asked.iter().filter_map(|part| part.open_column()).collect();
    let about = |test: &TestRecord| columns.is_empty() || columns.contains(&*test.x) || columns.contains(&*test.y);
    if !dossier.tests.iter().any(about) {
        return text("Earlier runs of the project have judged it on the same data.");
    }
    if columns.is_empty() {
        let tests = Cited::ledger(dossier.tests.len() as u64, JUDGED, Arm::Observed, None);
        let nothing = text("Nothing was detected in ").number(tests);
        return nothing.text(if dossier.tests.len() == 1 { " test." } else { " tests." });
    }
    let mut named = line();
    for (at, name) in columns.iter().enumerate() {
        named = named.text(if at == 0 { "" } else { " or " }).code(name);
    }
    let nothing = text("No relation of ").then(named);
    nothing.text(" with any other column was detected.")
}
