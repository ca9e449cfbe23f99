//! How the run's error rate is shared among its cycles.

/// The share of `alpha` that the family of `cycle` (from 1) is judged at: 80 % for the first, then 10 %,
/// 5 %, 2.5 % and so on. With V_k false and R_k all discoveries of family k, the run's false discovery
/// proportion is at most the sum of V_k / R_k, so its expectation is at most the sum of the shares, which
/// is below `alpha` whatever the number of cycles.
pub fn family_alpha(alpha: f64, cycle: u32) -> f64 {
    if cycle <= 1 {
        0.8 * alpha
    } else {
        let halvings = i32::try_from(cycle - 1).unwrap_or(i32::MAX).min(1000);
        0.2 * alpha * 0.5_f64.powi(halvings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_add_up_to_more_than_alpha() {
        let sum: f64 = (1..=10_000).map(|cycle| family_alpha(0.05, cycle)).sum();
        assert!(sum <= 0.05 + 1e-12, "{sum}");
        assert!(family_alpha(0.05, u32::MAX) >= 0.0);
    }
}
