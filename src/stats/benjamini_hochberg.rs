//! The weighted Benjamini-Hochberg step-up procedure.
//!
//! Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57, 289-300; with weights: Genovese, Roeder and
//! Wasserman (2006), Biometrika 93, 509-524.

/// The q of each of `tests` (p-value, weight), in the order given: the smallest level at which the procedure would
/// reject it, in 0..=1. A test owns its weight of the level. Weights are fixed before the data are seen, and those of
/// all tests that could be made sum to at most 1; what was not made is as if its p were 1.
pub fn step_up(tests: &[(f64, f64)]) -> Vec<f64> {
    let mut ratios: Vec<(usize, f64)> = tests
        .iter()
        .map(|(p, weight)| if *weight > 0.0 { p / weight } else { f64::INFINITY })
        .enumerate()
        .collect();
    ratios.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| b.0.cmp(&a.0)));
    let mut q_values = vec![1.0; tests.len()];
    let mut smallest = 1.0_f64;
    let mut rank = tests.len() as f64;
    for (place, ratio) in ratios {
        smallest = smallest.min(ratio / rank);
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

    fn plain(p: &[f64]) -> Vec<f64> {
        let weight = 1.0 / p.len() as f64;
        step_up(&p.iter().map(|p| (*p, weight)).collect::<Vec<_>>())
    }

    #[test]
    fn equal_weights_give_the_textbook_procedure() {
        // The fifteen p-values of Benjamini and Hochberg's own example: four are rejected at 5 %.
        let q = plain(&[
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ]);
        assert_eq!(q.iter().filter(|q| **q <= 0.05).count(), 4);
        assert!((q[0] - 0.0015).abs() < 1e-12);
        assert!(q.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn weight_is_bought_from_the_others() {
        let q = step_up(&[(0.02, 0.5), (0.02, 0.2), (0.9, 0.2), (0.9, 0.1)]);
        let plain = plain(&[0.02, 0.02, 0.9, 0.9]);
        assert!(q[0] < plain[0] || q[0] < q[1]);
        assert!(q[1] >= plain[1]);
    }

    #[test]
    fn what_could_have_been_asked_is_paid_for() {
        // One of a hundred, and all hundred with the others at p = 1.
        let mut all = vec![(0.0004, 0.01)];
        all.extend([(1.0, 0.01); 99]);
        assert_eq!(step_up(&all[..1]), [0.04]);
        assert!((step_up(&all)[0] - 0.04).abs() < 1e-12);
    }

    #[test]
    fn none_and_one() {
        assert!(step_up(&[]).is_empty());
        assert_eq!(step_up(&[(0.03, 1.0)]), [0.03]);
        assert_eq!(step_up(&[(0.03, 0.0)]), [1.0]);
    }

    proptest::proptest! {
        #[test]
        fn q_is_a_rate_and_does_not_depend_on_the_order(tests in proptest::collection::vec((0.0..=1.0_f64, 0.001..0.1_f64), 1..40)) {
            let q = step_up(&tests);
            let mut reversed: Vec<(f64, f64)> = tests.clone();
            reversed.reverse();
            let mut back = step_up(&reversed);
            back.reverse();
            for (q, other) in q.iter().zip(&back) {
                proptest::prop_assert!((0.0..=1.0).contains(q));
                proptest::prop_assert!((q - other).abs() < 1e-9);
            }
        }
    }
}
