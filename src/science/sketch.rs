//! The share of rows that two tables have in common, estimated from samples of their rows.

/// Hashes of a sketch, at most; as in `lib/sketch.py`.
const SKETCH: usize = 256;

/// The share of `mine`'s distinct rows that are in the other table too, estimated from the smallest hashes of the
/// rows of both (k minimum values; Beyer et al. 2007), from 0 to 1. None where either is empty. Sketches of fewer
/// hashes than `SKETCH` hold all rows, and then it is exact.
pub fn estimate_shared_rows(mine: &[u64], other: &[u64]) -> Option<f64> {
    if mine.is_empty() || other.is_empty() {
        return None;
    }
    let in_mine = |hash: &u64| mine.binary_search(hash).is_ok();
    let mut both: Vec<u64> = mine.iter().chain(other).copied().collect();
    both.sort_unstable();
    both.dedup();
    both.truncate(SKETCH);
    let shared = other
        .iter()
        .filter(|hash| both.binary_search(hash).is_ok() && in_mine(hash))
        .count();
    let jaccard = shared as f64 / both.len() as f64;
    let (a, b) = (estimate_distinct_rows(mine), estimate_distinct_rows(other));
    let common = jaccard * (a + b) / (1.0 + jaccard);
    Some((common / a).clamp(0.0, 1.0))
}

/// The number of distinct rows that a sketch was taken from: exact where it holds all of them.
fn estimate_distinct_rows(sketch: &[u64]) -> f64 {
    match sketch.last() {
        Some(&largest) if sketch.len() >= SKETCH => {
            let share = (largest as f64 + 1.0) / (1_u64 << 53) as f64;
            (sketch.len() as f64 - 1.0) / share
        }
        _ => sketch.len() as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(rows: impl Iterator<Item = u64>) -> Vec<u64> {
        let hash = |row: u64| {
            let digest = crate::science::sha256_hex(row.to_le_bytes());
            u64::from_str_radix(&digest[..16], 16).unwrap() >> 11
        };
        let mut hashes: Vec<u64> = rows.map(hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes.truncate(SKETCH);
        hashes
    }

    #[test]
    fn small_tables_are_compared_exactly() {
        let (mine, other) = (sketch(0..80), sketch(60..110));
        assert_eq!(estimate_shared_rows(&mine, &other), Some(0.25));
        assert_eq!(estimate_shared_rows(&other, &mine), Some(0.4));
        assert_eq!(estimate_shared_rows(&mine, &sketch(500..600)), Some(0.0));
        assert_eq!(estimate_shared_rows(&mine, &[]), None);
    }

    #[test]
    fn large_ones_to_within_some_per_cent() {
        let mine = sketch(0..20_000);
        for (other, expected) in [
            (sketch(0..20_000), 1.0),
            (sketch(10_000..30_000), 0.5),
            (sketch(0..40_000), 1.0),
            (sketch(15_000..65_000), 0.25),
            (sketch(20_000..40_000), 0.0),
        ] {
            let found = estimate_shared_rows(&mine, &other).unwrap();
            assert!((found - expected).abs() < 0.1, "{found} {expected}");
        }
    }
}
