//! Holm's step-down procedure.
//!
//! Holm (1979), Scand. J. Stat. 6, 65-70. The chance of any false discovery is at most the level, whatever the
//! dependence of the tests.

/// The adjusted p of each of `p`, in the order given, where `planned` tests were planned in all (at least as many as
/// are given). A test that was planned and gave no p counts as one with p = 1.
pub fn holm_adjusted(p: &[f64], planned: usize) -> Vec<f64> {
    let planned = planned.max(p.len());
    let mut order: Vec<(usize, f64)> = p.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    let mut adjusted = vec![1.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, (place, p)) in order.into_iter().enumerate() {
        largest = largest.max(p * (planned - rank) as f64).min(1.0);
        if let Some(adjusted) = adjusted.get_mut(place) {
            *adjusted = largest;
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_down_and_never_back() {
        // By hand: .01 x 4, .02 x 3, then max(.06, .022 x 2), then .2.
        let adjusted = holm_adjusted(&[0.022, 0.01, 0.2, 0.02], 4);
        for (found, expected) in adjusted.iter().zip([0.06, 0.04, 0.2, 0.06]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
    }

    #[test]
    fn what_was_planned_and_failed_counts() {
        assert_eq!(holm_adjusted(&[0.01], 3), [0.03]);
        assert_eq!(holm_adjusted(&[0.01], 0), [0.01]);
        assert_eq!(holm_adjusted(&[0.7, 0.9], 2), [1.0, 1.0]);
        assert!(holm_adjusted(&[], 2).is_empty());
    }
}
