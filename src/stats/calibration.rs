//! Whether an analysis that a model wrote is about its claim, and how small a p-value its shuffled copies support. The
//! script has done the same sums; they are done again here because a result is not to be trusted.

use crate::science::{Calibration, ShuffledCopy};

/// The level that copies are counted at.
const LEVEL: f64 = 0.05;

/// Fewer copies say too little.
const FEWEST_COPIES: usize = 39;

/// How sure it must be that more was found in the copies than chance lets through.
const SURE: f64 = 0.999;

/// Copies as low as the data after which no more are counted.
const ENOUGH: usize = 10;

/// A share by which a p-value may differ that is computed on the rows in another order.
const SAME: f64 = 1e-6;

/// The number of copies that every analysis of a kind gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseCopies {
    /// Whether the analysis reads columns beside the two that it is about.
    pub reads_others: bool,
    /// Copies in which every column is shuffled.
    pub all: usize,
    /// Copies in which the exposure alone is, and as many in which the outcome alone is.
    pub alone: usize,
}

impl BaseCopies {
    /// The numbers for `permutations` in the settings.
    pub fn new(reads_others: bool, permutations: usize) -> Self {
        let (all, alone) = if reads_others { (99, 49) } else { (199, 9) };
        Self {
            reads_others,
            all: permutations.min(all),
            alone: permutations.min(alone),
        }
    }
}

/// The p-values that the copies of an analysis give, each under the name of its variant.
#[derive(Debug, Clone, PartialEq)]
pub struct CopiesVerdict {
    /// In the order of the result.
    pub variants: Vec<(&'static str, f64)>,
    /// The p-value to judge by.
    pub p: f64,
    /// `primary`, or the variant that it is from.
    pub by: &'static str,
}

/// What the copies say of the result `real` on the rows held back.
///
/// Without other columns a shuffle of everything is one of the exposure alone, and those copies bound the p-value; with
/// others, the copies in which the exposure alone is shuffled do.
///
/// # Errors
/// Why the copies speak against the analysis, in a sentence.
pub fn judge_by_copies(
    calibration: &Calibration,
    real: &ShuffledCopy,
    base: BaseCopies,
) -> Result<CopiesVerdict, String> {
    check_null(calibration.copies.get(..base.all).unwrap_or(&calibration.copies))?;
    check_claim(&calibration.exposure, real, "exposure")?;
    check_claim(&calibration.outcome, real, "outcome")?;
    // A series has no more orders than it has steps by which it can be turned.
    let floor = calibration.turns.map_or(0.0, |turns| 1.0 / (turns as f64 + 1.0));
    let tail_p = |copies: &[Option<ShuffledCopy>], real: &ShuffledCopy| tail_p(copies, real).max(floor);
    let permutation = tail_p(&calibration.copies, real);
    let mut variants = vec![("permutation", permutation)];
    let mut counted = vec![("primary", real.p)];
    if base.reads_others {
        let (exposure, outcome) = (tail_p(&calibration.exposure, real), tail_p(&calibration.outcome, real));
        variants.push(("exposure_shuffled", exposure));
        variants.push(("outcome_shuffled", outcome));
        // What is small must be rare where everything is shuffled, too.
        if real.p < LEVEL && permutation >= LEVEL {
            counted.push(("permutation", permutation));
        }
        counted.push(("exposure_shuffled", exposure));
        // So few copies bound no p by themselves.
        if calibration.outcome.iter().any(|copy| is_as_low(copy.as_ref(), real)) {
            counted.push(("outcome_shuffled", outcome));
        }
    } else {
        counted.push(("permutation", permutation));
    }
    let largest = calibration.reordered.iter().map(|row| row.p).fold(0.0, f64::max);
    if largest > real.p * (1.0 + SAME) {
        variants.push(("row_order", largest));
        counted.push(("row_order", largest));
    }
    // The first of the largest, as the script takes it.
    let (by, p) = counted
        .into_iter()
        .rev()
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or(("primary", real.p));
    Ok(CopiesVerdict { variants, p, by })
}

/// Copies with a result.
fn completed<'c>(copies: &'c [Option<ShuffledCopy>], what: &str) -> Result<Vec<&'c ShuffledCopy>, String> {
    let done: Vec<&ShuffledCopy> = copies.iter().flatten().collect();
    let (count, all) = (done.len(), copies.len());
    if count < FEWEST_COPIES || (count as f64) < 0.9 * all as f64 {
        return Err(format!("it gives a result for {count} of {all} {what}"));
    }
    let finite = |copy: &&ShuffledCopy| copy.statistic.is_finite() && copy.effect.is_finite();
    if !done.iter().all(|copy| (0.0..=1.0).contains(&copy.p)) || !done.iter().all(finite) {
        return Err("shuffled copies have values that cannot be".to_owned());
    }
    Ok(done)
}

/// Checks that the p-values of copies in which nothing goes with anything are no smaller than p-values may be: the
/// count below a level against its binomial, and the smallest against the minimum of uniform numbers (Tippett 1931).
fn check_null(copies: &[Option<ShuffledCopy>]) -> Result<(), String> {
    let done = completed(copies, "shuffled copies")?;
    let count = done.len();
    for key in ["p", "statistic", "effect"] {
        let of = |copy: &ShuffledCopy| match key {
            "p" => copy.p,
            "statistic" => copy.statistic,
            _ => copy.effect,
        };
        let first = done.first().map(|copy| of(copy));
        if done.iter().all(|copy| Some(of(copy)) == first) {
            return Err(format!(
                "it does not depend on the data: {key} is the same in all {count} shuffled copies"
            ));
        }
    }
    let found = done.iter().filter(|copy| copy.p < LEVEL).count();
    if found > most_by_chance(count) {
        return Err(format!(
            "it finds something in {found} of {count} shuffled copies, where there is nothing to find"
        ));
    }
    let smallest = done.iter().map(|copy| copy.p).fold(1.0, f64::min);
    if smallest < 1.0 - SURE.powf(1.0 / count as f64) {
        return Err(format!(
            "one of {count} shuffled copies has a p-value that chance does not explain"
        ));
    }
    Ok(())
}

/// Checks that the analysis is about the column that alone is shuffled in the copies: it changes with it, and what is
/// small for the data is not as small for the copies.
fn check_claim(copies: &[Option<ShuffledCopy>], real: &ShuffledCopy, column: &str) -> Result<(), String> {
    let unchanged =
        |copy: &Option<ShuffledCopy>| copy.is_some_and(|copy| copy.p == real.p && copy.statistic == real.statistic);
    if copies.iter().all(unchanged) {
        return Err(format!(
            "it is not about the {column}: it returns the same when that column alone is shuffled"
        ));
    }
    if copies.len() < FEWEST_COPIES {
        return Ok(());
    }
    let done = completed(copies, &format!("copies in which the {column} alone is shuffled"))?;
    let found = done.iter().filter(|copy| copy.p < LEVEL).count();
    if real.p < LEVEL && tail_p(copies, real) >= LEVEL && found > most_by_chance(done.len()) {
        return Err(format!(
            "it is not about the {column}: it finds as much in {found} of {} copies in which that column alone is shuffled",
            done.len()
        ));
    }
    Ok(())
}

/// Returns true if a copy is no less extreme than the data: by p, and by the size of the statistic where both have one
/// p. A copy without a result counts as extreme.
fn is_as_low(copy: Option<&ShuffledCopy>, real: &ShuffledCopy) -> bool {
    copy.is_none_or(|copy| copy.p < real.p || (copy.p == real.p && copy.statistic.abs() >= real.statistic.abs()))
}

/// How often copies come as low as the data: the sequential Monte Carlo p-value of Besag and Clifford (1991, Biometrika
/// 78, 301-304). Copies are counted in their order until `ENOUGH` came as low, after L copies, and p is `ENOUGH` / L;
/// if all are used up before, with k as low among n, p is (k + 1) / (n + 1). Under the null that the shuffled columns
/// are exchangeable given all others, P(p <= a) <= a for every a, whatever the function computes.
fn tail_p(copies: &[Option<ShuffledCopy>], real: &ShuffledCopy) -> f64 {
    let mut count = 0;
    for (place, copy) in copies.iter().enumerate() {
        count += usize::from(is_as_low(copy.as_ref(), real));
        if count == ENOUGH {
            return ENOUGH as f64 / (place + 1) as f64;
        }
    }
    (count + 1) as f64 / (copies.len() + 1) as f64
}

/// The most p-values below the level among so many copies that chance explains: the quantile of the binomial.
fn most_by_chance(copies: usize) -> usize {
    let exponent = i32::try_from(copies).unwrap_or(i32::MAX);
    let mut share = (1.0 - LEVEL).powi(exponent);
    let mut total = 0.0;
    for count in 0..copies {
        total += share;
        if total >= SURE {
            return count;
        }
        share *= (copies - count) as f64 / (count + 1) as f64 * LEVEL / (1.0 - LEVEL);
    }
    copies
}

#[cfg(test)]
mod tests {
    use super::*;

    type Copies = Vec<Option<ShuffledCopy>>;

    /// Evenly spread p-values, each changed by `change`.
    fn copies(count: usize, change: impl Fn(f64) -> f64) -> Copies {
        let copy = |at: usize| {
            let p = change((at as f64 + 0.5) / count as f64);
            Some(ShuffledCopy {
                p,
                statistic: at as f64,
                effect: -(at as f64),
            })
        };
        // Not from the smallest to the largest: copies are counted in their order.
        let mut copies: Copies = (0..count).map(copy).collect();
        copies.reverse();
        copies
    }

    fn calibration(all: Copies, alone: Copies) -> Calibration {
        Calibration {
            rows: 100,
            turns: None,
            copies: all,
            exposure: alone.clone(),
            outcome: alone,
            reordered: Vec::new(),
        }
    }

    fn real(p: f64) -> ShuffledCopy {
        ShuffledCopy {
            p,
            statistic: 1e4,
            effect: 0.5,
        }
    }

    const PAIR: BaseCopies = BaseCopies {
        reads_others: false,
        all: 199,
        alone: 9,
    };
    const BESIDE: BaseCopies = BaseCopies {
        reads_others: true,
        all: 99,
        alone: 49,
    };

    #[test]
    fn what_chance_explains_is_the_quantile_of_the_binomial() {
        // scipy.stats.binom.ppf(0.999, n, 0.05)
        for (copies, most) in [(39, 7), (99, 13), (199, 21)] {
            assert_eq!(most_by_chance(copies), most, "{copies}");
        }
    }

    #[test]
    fn a_p_is_no_smaller_than_its_copies_support() {
        let honest = calibration(copies(199, |p| p), copies(9, |p| p));
        let judged = |p: f64| {
            let verdict = judge_by_copies(&honest, &real(p), PAIR).unwrap();
            (verdict.p, verdict.by)
        };
        assert_eq!(judged(1e-9), (1.0 / 200.0, "permutation"));
        assert_eq!(judged(0.0125), (3.0 / 200.0, "permutation"));
        assert_eq!(judged(1.0), (1.0, "primary"));
        // With more copies it may be smaller.
        let mut more = honest.clone();
        more.copies.extend(copies(800, |_| 0.5));
        assert_eq!(judge_by_copies(&more, &real(1e-9), PAIR).unwrap().p, 1.0 / 1000.0);
    }

    #[test]
    fn a_series_has_as_many_orders_as_steps() {
        let mut series = calibration(copies(199, |p| p), copies(9, |p| p));
        series.turns = Some(80);
        let verdict = judge_by_copies(&series, &real(1e-9), PAIR).unwrap();
        assert_eq!((verdict.p, verdict.by), (1.0 / 81.0, "permutation"));
    }

    #[test]
    fn counting_ends_with_the_tenth_that_is_as_low() {
        // The smallest come first.
        let mut all = copies(199, |p| p);
        all.reverse();
        // (i + 0.5) / 199 <= 0.1 for the first twenty.
        assert_eq!(tail_p(&all, &real(0.1)), 1.0);
        let mut spread = copies(100, |_| 0.9);
        for place in (4..100).step_by(5) {
            spread[place] = None;
        }
        // Each fifth failed, which counts as extreme: the tenth is at the fiftieth place.
        assert_eq!(tail_p(&spread, &real(0.1)), 10.0 / 50.0);
    }

    #[test]
    fn with_other_columns_the_exposure_has_the_word() {
        let judge = |exposure: Copies, outcome: Copies, p: f64| {
            let mut found = calibration(copies(99, |p| p), exposure);
            found.outcome = outcome;
            judge_by_copies(&found, &real(p), BESIDE)
        };
        let small = judge(copies(999, |p| p), copies(49, |p| p), 1e-9).unwrap();
        assert_eq!((small.p, small.by), (1.0 / 1000.0, "exposure_shuffled"));
        assert_eq!(
            small.variants.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["permutation", "exposure_shuffled", "outcome_shuffled"]
        );
        // Copies of the outcome count where one of them came as low.
        let outcome = judge(copies(999, |p| p), copies(49, |p| p / 10.0), 2e-3).unwrap();
        assert_eq!((outcome.p, outcome.by), (2.0 / 50.0, "outcome_shuffled"));
    }

    #[test]
    fn what_is_not_about_its_columns_is_refused() {
        let same = |count: usize, p: f64| vec![Some(real(p)); count];
        let refused = |exposure: Copies, outcome: Copies, p: f64, base: BaseCopies| {
            let mut found = calibration(copies(base.all, |p| p), exposure);
            found.outcome = outcome;
            judge_by_copies(&found, &real(p), base).unwrap_err()
        };
        let good = || copies(49, |p| p);
        for p in [1e-9, 0.4] {
            assert!(refused(same(49, p), good(), p, BESIDE).contains("not about the exposure: it returns the same"));
            assert!(refused(good(), same(49, p), p, BESIDE).contains("not about the outcome: it returns the same"));
            assert!(refused(same(9, p), copies(9, |p| p), p, PAIR).contains("not about the exposure"));
        }
        // It changes a little with the exposure, and finds as much whatever that is.
        let about_others = copies(49, |p| p * 1e-6);
        assert!(refused(about_others.clone(), good(), 5e-7, BESIDE).contains("finds as much in 49 of 49 copies"));
        // What changes with it and is more extreme with it as it is stays.
        let mut beside = calibration(copies(99, |p| p), about_others);
        beside.outcome = good();
        assert_eq!(judge_by_copies(&beside, &real(1e-12), BESIDE).unwrap().p, 1.0 / 50.0);
    }

    #[test]
    fn the_larger_p_of_several_orders_of_the_rows_counts() {
        let mut found = calibration(copies(199, |p| p), copies(9, |p| p));
        found.reordered = vec![real(0.31), real(0.3)];
        let verdict = judge_by_copies(&found, &real(0.3), PAIR).unwrap();
        assert_eq!((verdict.p, verdict.by), (0.31, "row_order"));
        found.reordered = vec![real(0.3 * (1.0 + 1e-9))];
        assert_eq!(judge_by_copies(&found, &real(0.3), PAIR).unwrap().variants.len(), 1);
    }

    #[test]
    fn one_that_is_not_what_it_claims_is_refused() {
        let refused = |all: Copies, words: &str| {
            let reason = judge_by_copies(&calibration(all, copies(9, |p| p)), &real(1e-9), PAIR).unwrap_err();
            assert!(reason.contains(words), "{reason}");
        };
        refused(copies(38, |p| p), "38 of 38");
        refused(copies(199, |_| 0.5), "p is the same");
        refused(copies(199, |p| p * 1e-3), "finds something in 199 of 199");
        refused(copies(199, |p| p * 0.4), "finds something in 25 of 199");
        refused(
            copies(199, |p| if p < 0.05 { p.powi(10) } else { p }),
            "chance does not explain",
        );
        refused(copies(199, |p| p * 2.0), "cannot be");
        refused(copies(199, |_| f64::NAN), "cannot be");
        let mut failing = copies(199, |p| p);
        failing.iter_mut().take(25).for_each(|copy| *copy = None);
        refused(failing, "174 of 199");
    }
}
