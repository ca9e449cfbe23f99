//! Whether an analysis that a model wrote says of shuffled copies what it should: nothing. The script has done the same
//! sums; they are done again here because a result is not to be trusted.

use crate::science::{Calibration, ShuffledCopy};

/// The level that copies are counted at.
const LEVEL: f64 = 0.05;

/// Fewer copies say too little.
const FEWEST_COPIES: usize = 39;

/// How sure it must be that more was found in the copies than chance lets through.
const SURE: f64 = 0.999;

/// The permutation p-value of `p`: the share of copies, the data themselves among them, that come as low.
///
/// # Errors
/// Why the copies speak against the analysis, in a sentence.
pub fn permutation_p(calibration: &Calibration, p: f64) -> Result<f64, String> {
    let all = calibration.copies.len();
    let copies: Vec<&ShuffledCopy> = calibration.copies.iter().flatten().collect();
    let count = copies.len();
    if count < FEWEST_COPIES || (count as f64) < 0.9 * all as f64 {
        return Err(format!("it gives a result for {count} of {all} shuffled copies"));
    }
    let finite = |copy: &&ShuffledCopy| copy.statistic.is_finite() && copy.effect.is_finite();
    if !copies.iter().all(|copy| (0.0..=1.0).contains(&copy.p)) || !copies.iter().all(finite) {
        return Err("shuffled copies have values that cannot be".to_owned());
    }
    for key in ["p", "statistic", "effect"] {
        let of = |copy: &ShuffledCopy| match key {
            "p" => copy.p,
            "statistic" => copy.statistic,
            _ => copy.effect,
        };
        let first = copies.first().map(|copy| of(copy));
        if copies.iter().all(|copy| Some(of(copy)) == first) {
            return Err(format!(
                "it does not depend on the data: {key} is the same in all {count} shuffled copies"
            ));
        }
    }
    let found = copies.iter().filter(|copy| copy.p < LEVEL).count();
    if found > most_by_chance(count) {
        return Err(format!(
            "it finds something in {found} of {count} shuffled copies, where there is nothing to find"
        ));
    }
    let smallest = copies.iter().map(|copy| copy.p).fold(1.0, f64::min);
    if smallest < 1.0 - SURE.powf(1.0 / count as f64) {
        return Err(format!(
            "one of {count} shuffled copies has a p-value that chance does not explain"
        ));
    }
    let as_low = copies.iter().filter(|copy| copy.p <= p).count();
    Ok((as_low + 1) as f64 / (count + 1) as f64)
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

    /// Evenly spread p-values, each changed by `change`.
    fn copies(count: usize, change: impl Fn(f64) -> f64) -> Calibration {
        let copy = |at: usize| {
            let p = change((at as f64 + 0.5) / count as f64);
            Some(ShuffledCopy {
                p,
                statistic: at as f64,
                effect: -(at as f64),
            })
        };
        Calibration {
            rows: 100,
            copies: (0..count).map(copy).collect(),
        }
    }

    #[test]
    fn what_chance_explains_is_the_quantile_of_the_binomial() {
        // scipy.stats.binom.ppf(0.999, n, 0.05)
        for (copies, most) in [(39, 7), (99, 13), (199, 21)] {
            assert_eq!(most_by_chance(copies), most, "{copies}");
        }
    }

    #[test]
    fn an_honest_analysis_is_ranked_among_the_copies() {
        let honest = copies(199, |p| p);
        assert_eq!(permutation_p(&honest, 1e-9), Ok(1.0 / 200.0));
        assert_eq!(permutation_p(&honest, 0.5), Ok(101.0 / 200.0));
        assert_eq!(permutation_p(&honest, 1.0), Ok(1.0));
    }

    #[test]
    fn one_that_is_not_what_it_claims_is_refused() {
        let refused = |calibration: &Calibration, words: &str| {
            let reason = permutation_p(calibration, 1e-9).unwrap_err();
            assert!(reason.contains(words), "{reason}");
        };
        refused(&copies(38, |p| p), "38 of 38");
        refused(&copies(199, |_| 0.5), "p is the same");
        refused(&copies(199, |p| p * 1e-3), "finds something in 199 of 199");
        refused(&copies(199, |p| p * 0.4), "finds something in 25 of 199");
        refused(
            &copies(199, |p| if p < 0.05 { p.powi(10) } else { p }),
            "chance does not explain",
        );
        refused(&copies(199, |p| p * 2.0), "cannot be");
        refused(&copies(199, |_| f64::NAN), "cannot be");
        let mut failing = copies(199, |p| p);
        failing.copies.iter_mut().take(25).for_each(|copy| *copy = None);
        refused(&failing, "174 of 199");
    }
}
