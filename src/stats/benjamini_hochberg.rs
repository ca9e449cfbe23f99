//! The weighted Benjamini-Hochberg step-up procedure.
//!
//! Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57, 289-300; with weights: Genovese, Roeder and
//! Wasserman (2006), Biometrika 93, 509-524. Weights are fixed before the data are seen and are scaled
//! here to a mean of 1, under which the false discovery rate stays at the level asked for.

/// The q-value of each of `tests` (p-value, weight): the smallest level at which the procedure would
/// reject it, in 0..=1. In the order given.
pub fn weighted_q_values(tests: &[(f64, f64)]) -> Vec<f64> {
    let count = tests.len() as f64;
    let total: f64 = tests.iter().map(|(_, weight)| weight).sum();
    let mean = if total > 0.0 { total / count } else { 1.0 };
    let mut scaled: Vec<(usize, f64)> = tests
        .iter()
        .enumerate()
        .map(|(place, (p, weight))| {
            let weight = weight / mean;
            (place, if weight > 0.0 { (p / weight).min(1.0) } else { 1.0 })
        })
        .collect();
    scaled.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| b.0.cmp(&a.0)));
    let mut q_values = vec![1.0; tests.len()];
    let mut smallest = 1.0_f64;
    let mut rank = count;
    for (place, p) in scaled {
        smallest = smallest.min(p * count / rank);
        rank -= 1.0;
        if let Some(q) = q_values.get_mut(place) {
            *q = smallest;
        }
    }
    q_values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_weights_give_the_textbook_procedure() {
        // The fifteen p-values of Benjamini and Hochberg's own example: four are rejected at 5 %.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let tests: Vec<(f64, f64)> = p.iter().map(|p| (*p, 7.0)).collect();
        let q = weighted_q_values(&tests);
        assert_eq!(q.iter().filter(|q| **q <= 0.05).count(), 4);
        assert!((q[0] - 0.0015).abs() < 1e-12);
        assert!(q.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn weight_is_bought_from_the_others() {
        let tests = [(0.02, 3.0), (0.02, 1.0), (0.9, 1.0), (0.9, 1.0)];
        let q = weighted_q_values(&tests);
        let plain = weighted_q_values(&tests.map(|(p, _)| (p, 1.0)));
        assert!(q[0] < plain[0] || q[0] < q[1]);
        assert!(q[1] >= plain[1]);
    }

    #[test]
    fn none_and_one() {
        assert!(weighted_q_values(&[]).is_empty());
        assert_eq!(weighted_q_values(&[(0.03, 1.0)]), [0.03]);
    }

    proptest::proptest! {
        #[test]
        fn q_is_a_rate_and_does_not_depend_on_the_order(tests in proptest::collection::vec((0.0..=1.0_f64, 0.1..5.0_f64), 1..40)) {
            let q = weighted_q_values(&tests);
            let mut reversed: Vec<(f64, f64)> = tests.clone();
            reversed.reverse();
            let mut back = weighted_q_values(&reversed);
            back.reverse();
            for (q, other) in q.iter().zip(&back) {
                proptest::prop_assert!((0.0..=1.0).contains(q));
                proptest::prop_assert!((q - other).abs() < 1e-9);
            }
        }
    }
}
