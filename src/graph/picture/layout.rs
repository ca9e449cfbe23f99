//! Where the variables stand: on an oval, in an order in which few lines cross.

/// Rounds of improvement; most orders are at rest after three.
const ROUNDS: usize = 8;
/// Pairs above which crossings are not counted, as there would be too many in any order.
const COUNTED: usize = 100;

/// An order of `count` things around a circle in which joined ones stand near to each other.
pub fn order_around_circle(count: usize, pairs: &[(usize, usize)]) -> Vec<usize> {
    let mut order = greedy_order(count, pairs);
    let mut best = crossing_cost(&order, pairs);
    for _ in 0..ROUNDS {
        let before = best;
        for a in 0..count {
            for b in a + 1..count {
                order.swap(a, b);
                let now = crossing_cost(&order, pairs);
                if now < best {
                    best = now;
                } else {
                    order.swap(a, b);
                }
            }
        }
        if best == before {
            break;
        }
    }
    order
}

/// Each time the one that has most neighbours among those placed.
fn greedy_order(count: usize, pairs: &[(usize, usize)]) -> Vec<usize> {
    let joined = |a: usize, b: usize| pairs.iter().any(|&pair| pair == (a, b) || pair == (b, a));
    let mut order: Vec<usize> = Vec::with_capacity(count);
    while order.len() < count {
        let left = (0..count).filter(|one| !order.contains(one));
        let next = left.max_by_key(|&one| {
            let placed = order.iter().filter(|&&other| joined(one, other)).count();
            (placed, std::cmp::Reverse(one))
        });
        order.extend(next);
    }
    order
}

/// Crossings first, then how far apart the joined ones stand.
fn crossing_cost(order: &[usize], pairs: &[(usize, usize)]) -> (usize, usize) {
    let mut place = vec![0; order.len()];
    for (at, &one) in order.iter().enumerate() {
        if let Some(place) = place.get_mut(one) {
            *place = at;
        }
    }
    let of = |one: usize| place.get(one).copied().unwrap_or_default();
    let chords: Vec<(usize, usize)> = pairs
        .iter()
        .map(|&(a, b)| (of(a).min(of(b)), of(a).max(of(b))))
        .collect();
    let length = chords.iter().map(|(a, b)| (b - a).min(order.len() - (b - a))).sum();
    if chords.len() > COUNTED {
        return (0, length);
    }
    let crossings = chords.iter().enumerate().map(|(at, &(a, b))| {
        let others = chords.iter().skip(at + 1);
        others
            .filter(|&&(c, d)| (a < c && c < b && b < d) || (c < a && a < d && d < b))
            .count()
    });
    (crossings.sum(), length)
}

/// A place, from the middle of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// Half of the oval's width.
const WIDTH: f64 = 185.0;
/// As many stand as on the face of a clock; more would come too close to each other at top and bottom.
const CLOCK: usize = 12;
/// Half of its height, unless there are so many on a side that [`STEP`] makes it higher.
const HEIGHT: f64 = 210.0;
/// Between the names of a side, in height, at least.
const STEP: f64 = 25.0;

/// The places of that many things on an oval, clockwise from its top, so that names beside them do not meet. Those of
/// a side are equally far apart in height where they are many. With them comes the height of all.
pub fn places_on_oval(count: usize) -> (Vec<Point>, f64) {
    let places: Vec<Point> = if count <= CLOCK {
        let half = (40.0 + 22.0 * count as f64).min(WIDTH);
        (0..count).map(|at| place_on_oval(at, count, half)).collect()
    } else {
        let right = count.div_ceil(2);
        let left = (right..count)
            .rev()
            .map(|at| place_on_side(at - right, count - right, right, -1.0));
        (0..right)
            .map(|at| place_on_side(at, right, right, 1.0))
            .chain(left)
            .collect()
    };
    let half = places.iter().map(|place| place.y.abs()).fold(0.0, f64::max);
    (places, 2.0 * half)
}

fn place_on_oval(at: usize, count: usize, half: f64) -> Point {
    if count == 1 {
        return Point { x: 0.0, y: 0.0 };
    }
    let angle = (at as f64 + 0.5) * std::f64::consts::TAU / count as f64;
    Point {
        x: WIDTH * angle.sin(),
        y: -half * angle.cos(),
    }
}

/// One of a side, of which the longer side has `most`.
fn place_on_side(at: usize, count: usize, most: usize, sign: f64) -> Point {
    let half = HEIGHT.max(STEP * most as f64 / 2.0);
    let y = (at as f64 + 0.5 - count as f64 / 2.0) * 2.0 * half / most as f64;
    Point {
        x: sign * WIDTH * (1.0 - (y / half).powi(2)).max(0.0).sqrt(),
        y,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_laid_out_without_crossings() {
        // Joined so that neighbours by number are far apart.
        let pairs: Vec<_> = (0..12).map(|n| ((n * 5) % 12, ((n + 1) * 5) % 12)).collect();
        let order = order_around_circle(12, &pairs);
        assert_eq!(crossing_cost(&order, &pairs), (0, 12));
        let mut all = order;
        all.sort_unstable();
        assert_eq!(all, (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn two_lines_that_interleave_cross() {
        assert_eq!(crossing_cost(&[0, 1, 2, 3], &[(0, 2), (1, 3)]), (1, 4));
        assert_eq!(crossing_cost(&[0, 2, 1, 3], &[(0, 2), (1, 3)]), (0, 2));
    }

    #[test]
    fn names_beside_the_places_do_not_meet() {
        for count in 1..=40 {
            let (places, height) = places_on_oval(count);
            assert_eq!(places.len(), count);
            for (at, a) in places.iter().enumerate() {
                assert!(a.y.abs() <= height / 2.0 && a.x.abs() <= WIDTH);
                for b in places.iter().skip(at + 1) {
                    let beside = (a.x > -0.1) != (b.x > -0.1);
                    assert!(beside || (a.y - b.y).abs() > 24.0, "{count}: {a:?} {b:?}");
                }
            }
        }
    }
}
