//! How a run's error rate is shared among the tiers of its analyses.

use std::collections::BTreeSet;

use crate::science::Tier;

/// The part of the rate that a tier has where a run has all three.
fn planned_share(tier: Tier) -> f64 {
    match tier {
        Tier::Primary => 0.3,
        Tier::Survey => 0.4,
        Tier::FollowUp => 0.3,
    }
}

/// The share of `rate` that the analyses of `tier` are judged at, in a run that has the tiers of `present`: what
/// absent tiers leave goes to the others in proportion. The shares of the tiers present add up to `rate`, which
/// bounds the expected share of false ones among all discoveries of the run, whatever the dependence of the tiers.
pub fn tier_alpha(rate: f64, tier: Tier, present: &BTreeSet<Tier>) -> f64 {
    if !present.contains(&tier) {
        return 0.0;
    }
    let total: f64 = present.iter().copied().map(planned_share).sum();
    rate * planned_share(tier) / total
}

/// The rate of a run that comes after `cycles_before` cycles of other runs of its project on the same data: all of
/// `alpha` outside of a project; inside of one, 80 % for the first run and 20 % for all that follow it, halved for each
/// cycle that was spent, so that the rates of all runs on the same data never add up to more than `alpha`.
pub fn run_rate(alpha: f64, in_project: bool, cycles_before: u32) -> f64 {
    match (in_project, cycles_before) {
        (false, _) => alpha,
        (true, 0) => 0.8 * alpha,
        (true, spent) => 0.2 * alpha * 0.5_f64.powi(i32::try_from(spent).unwrap_or(i32::MAX).min(1000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_a_project_never_add_up_to_more_than_alpha() {
        let sum: f64 = (0..=10_000).map(|spent| run_rate(0.05, true, spent)).sum();
        assert!(sum <= 0.05 + 1e-12, "{sum}");
        assert!(run_rate(0.05, true, u32::MAX) >= 0.0);
        assert_eq!(run_rate(0.05, false, 0), 0.05);
    }

    #[test]
    fn absent_tiers_leave_their_share_to_the_others() {
        for present in [
            &Tier::ALL[..],
            &[Tier::Primary],
            &[Tier::Survey, Tier::FollowUp],
            &[Tier::FollowUp],
        ] {
            let present: BTreeSet<Tier> = present.iter().copied().collect();
            let sum: f64 = Tier::ALL.map(|tier| tier_alpha(0.05, tier, &present)).iter().sum();
            assert!((sum - 0.05).abs() < 1e-12, "{present:?}");
        }
        let all: BTreeSet<Tier> = Tier::ALL.into_iter().collect();
        assert!((tier_alpha(0.1, Tier::Survey, &all) - 0.04).abs() < 1e-12);
        assert_eq!(tier_alpha(0.1, Tier::Primary, &BTreeSet::from([Tier::Survey])), 0.0);
    }
}
