//! The share of an exhaustive test that a run of the tests does.
//!
//! A test that has many points, such as the crash matrix, does some of them in the default tier: which ones
//! is drawn from the commit, so that all are met over time. `KOSMOS_TEST_DRAW` says how:
//!
//! | value | points |
//! |---|---|
//! | not set | the same few each time |
//! | a text, such as the commit that `tests/run` sets | as many, drawn by it: one from each stretch of equal length |
//! | `only:3,17` | these, as a test prints them, to repeat a failure |
//! | `all` | every one, as `tests/run deep` does |
//!
//! A test whose default form is shorter, with a smaller table or fewer cycles, asks [`is_deep_tier`].
//!
//! Where `KOSMOS_TEST_DONE` names a folder, points that passed are recorded there and left out the next time:
//! so a section of the deep tier that was interrupted goes on where it was.

use std::{collections::BTreeSet, env, fs, fs::OpenOptions, io::Write, path::PathBuf};

use sha2::{Digest, Sha256};

/// Some of the points of a test.
pub struct PointSample {
    /// In ascending order, from 0.
    pub points: Vec<usize>,
    /// Those that passed when the section was interrupted.
    pub done_before: usize,
    done: Option<PathBuf>,
}

/// Returns true in the deep tier, where a test that the default tier shortens is done in full.
pub fn is_deep_tier() -> bool {
    env::var("KOSMOS_TEST_DRAW").is_ok_and(|draw| draw == "all")
}

/// Draws `wanted` of the points `0..all` of the test `name`, and prints them.
pub fn draw_sample(name: &str, all: usize, wanted: usize) -> PointSample {
    let draw = env::var("KOSMOS_TEST_DRAW").unwrap_or_default();
    let mut points = choose_points(&draw, name, all, wanted);
    let done = env::var_os("KOSMOS_TEST_DONE").map(|folder| PathBuf::from(folder).join(name));
    let passed: BTreeSet<usize> = done.as_ref().map_or_else(BTreeSet::new, |file| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    });
    let before = points.len();
    points.retain(|point| !passed.contains(point));
    let listed: Vec<String> = points.iter().map(usize::to_string).collect();
    eprintln!(
        "{name}: {} of {all} points drawn; KOSMOS_TEST_DRAW=only:{} repeats them",
        points.len(),
        listed.join(",")
    );
    PointSample {
        done_before: before - points.len(),
        points,
        done,
    }
}

impl PointSample {
    /// Records that a point passed.
    pub fn record_passed(&self, point: usize) {
        let Some(file) = &self.done else { return };
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
        file.write_all(format!("{point}\n").as_bytes()).unwrap();
    }
}

fn choose_points(draw: &str, name: &str, all: usize, wanted: usize) -> Vec<usize> {
    if draw == "all" || wanted >= all {
        return (0..all).collect();
    }
    if let Some(listed) = draw.strip_prefix("only:") {
        let mut points: Vec<usize> = listed.split(',').map(|point| point.parse().unwrap()).collect();
        points.retain(|point| *point < all);
        return points;
    }
    (0..wanted)
        .map(|nth| {
            let (first, next) = (nth * all / wanted, (nth + 1) * all / wanted);
            first + hash(&format!("{draw} {name} {nth}")) as usize % (next - first)
        })
        .collect()
}

fn hash(text: &str) -> u64 {
    let digest = Sha256::digest(text);
    digest[..8]
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stretch_has_a_point_and_commits_differ() {
        let of = |draw: &str| choose_points(draw, "t", 100, 10);
        for (nth, point) in of("a").into_iter().enumerate() {
            assert_eq!(point / 10, nth);
        }
        assert_eq!(of("a"), of("a"));
        assert_ne!(of("a"), of("b"));
        assert_ne!(of("a"), choose_points("a", "another", 100, 10));
    }

    #[test]
    fn every_point_is_met_over_time() {
        let met: BTreeSet<usize> = (0..500)
            .flat_map(|commit| choose_points(&commit.to_string(), "t", 40, 4))
            .collect();
        assert_eq!(met.len(), 40);
    }

    #[test]
    fn all_and_chosen_points_are_taken_as_they_are() {
        assert_eq!(choose_points("all", "t", 5, 2), [0, 1, 2, 3, 4]);
        assert_eq!(choose_points("only:3,1,9", "t", 5, 2), [3, 1]);
        assert_eq!(choose_points("a", "t", 3, 8), [0, 1, 2]);
    }
}
