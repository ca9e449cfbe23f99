//! Which of several groups stand apart, in words.

use super::super::document::{Draft, Line, line};
use crate::science::GroupContrast;

/// Groups that are named in one clause, at most.
const MOST_NAMED: usize = 4;

/// Groups by which of them stand apart.
pub(super) struct GroupsApart<'d> {
    /// All levels, that with the highest mean first.
    levels: Vec<&'d str>,
    /// Pairs of them whose interval excludes that they are equal, the higher one first.
    pairs: Vec<(&'d str, &'d str)>,
}

/// Levels that are higher, or lower, than others; than each of the others where none are named.
struct Sides<'d> {
    levels: Vec<&'d str>,
    higher: bool,
    others: Vec<&'d str>,
}

impl<'d> GroupsApart<'d> {
    /// Of the contrasts of all pairs.
    pub(super) fn of(contrasts: &'d [GroupContrast]) -> Self {
        // Each level by the sum of its differences from the others.
        let mut sums: Vec<(&str, f64)> = Vec::new();
        for shown in contrasts {
            let about = [
                (&shown.contrast.level, shown.value),
                (&shown.contrast.reference, -shown.value),
            ];
            for (level, value) in about {
                match sums.iter_mut().find(|(known, _)| known == level) {
                    Some((_, sum)) => *sum += value,
                    None => sums.push((level, value)),
                }
            }
        }
        sums.sort_by(|(a, one), (b, other)| other.total_cmp(one).then_with(|| a.cmp(b)));
        let apart = contrasts.iter().filter(|shown| shown.ci_low > 0.0);
        Self {
            levels: sums.into_iter().map(|(level, _)| level).collect(),
            pairs: apart
                .map(|shown| (shown.contrast.level.as_str(), shown.contrast.reference.as_str()))
                .collect(),
        }
    }

    fn is_apart(&self, above: &str, below: &str) -> bool {
        self.pairs.contains(&(above, below))
    }

    /// Says which groups stand apart, in at most two clauses; none where none do.
    pub(super) fn describe(&self) -> Option<Line<Draft>> {
        let clauses = self.clauses();
        let mut told = clauses.iter().map(name_sides);
        let first = told.next()?;
        Some(match told.next() {
            Some(second) => first.text(", and ").then(second),
            None => first,
        })
    }

    fn clauses(&self) -> Vec<Sides<'d>> {
        let mut out = Vec::new();
        let (Some(&first), Some(&last)) = (self.levels.first(), self.levels.last()) else {
            return out;
        };
        let alone = |level: &'d str, higher: bool| Sides {
            levels: vec![level],
            higher,
            others: Vec::new(),
        };
        let mut others = self.levels.iter().skip(1);
        if others.all(|other| self.is_apart(first, other)) {
            out.push(alone(first, true));
        }
        let mut others = self.levels.iter().rev().skip(1);
        if others.all(|other| self.is_apart(other, last)) {
            out.push(alone(last, false));
        }
        if out.is_empty() {
            out.extend(self.largest_block().or_else(|| self.first_pair()));
        }
        out
    }

    /// The two that differ most of those that stand apart.
    fn first_pair(&self) -> Option<Sides<'d>> {
        let (above, below) = *self.pairs.first()?;
        Some(Sides {
            levels: vec![above],
            higher: true,
            others: vec![below],
        })
    }

    /// The highest levels that are all apart from the lowest ones: as many pairs of them as there are.
    fn largest_block(&self) -> Option<Sides<'d>> {
        let count = self.levels.len();
        let mut best: Option<(usize, usize)> = None;
        for above in 1..count {
            for below in 1..=(count - above) {
                let (top, bottom) = (self.levels.get(..above)?, self.levels.get(count - below..)?);
                let all = top.iter().all(|a| bottom.iter().all(|b| self.is_apart(a, b)));
                let named = above.max(below) <= MOST_NAMED;
                if all && named && best.is_none_or(|(a, b)| above * below > a * b) {
                    best = Some((above, below));
                }
            }
        }
        let (above, below) = best?;
        Some(Sides {
            levels: self.levels.get(..above)?.to_vec(),
            higher: true,
            others: self.levels.get(count - below..)?.to_vec(),
        })
    }
}

fn name_sides(sides: &Sides<'_>) -> Line<Draft> {
    let is = if sides.levels.len() == 1 { " is" } else { " are" };
    let out = name_levels(&sides.levels)
        .text(is)
        .text(if sides.higher { " higher than " } else { " lower than " });
    match sides.others.is_empty() {
        true => out.text("each of the others"),
        false => out.then(name_levels(&sides.others)),
    }
}

fn name_levels(levels: &[&str]) -> Line<Draft> {
    let mut out = line();
    for (at, level) in levels.iter().enumerate() {
        out = match at {
            0 => out,
            _ if at + 1 == levels.len() => out.text(" and "),
            _ => out.text(", "),
        };
        out = out.name(level);
    }
    out
}
