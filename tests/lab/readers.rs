//! The readers of foreign input, given inputs that are almost right: each reads them or refuses them. `fuzz/run` does
//! the same with a fuzzer.

use std::{env, panic::catch_unwind, path::Path};

use fastrand::Rng;
use kosmos_testing::{repository_path, sample::is_deep_tier};

#[path = "../../fuzz/src/mutation.rs"]
mod mutation;
#[path = "../../fuzz/src/readers.rs"]
mod read;
#[path = "../../fuzz/src/seeds.rs"]
mod seeds;

use mutation::mutate;

type Reader = fn(&[u8]);

/// The readers by their names.
const READERS: [(&str, Reader); 6] = [
    ("journal", read::journal),
    ("archive", read::archive),
    ("plugin_wire", read::plugin_wire),
    ("graph_document", read::graph_document),
    ("result", read::result),
    ("settings", read::settings),
];

#[test]
fn mutated_inputs_are_read_or_refused() {
    let count = if is_deep_tier() { 10_000 } else { 250 };
    // Others for each commit.
    let draw = env::var("KOSMOS_TEST_DRAW").unwrap_or_default();
    let seed = draw
        .bytes()
        .fold(1, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let seeds = seeds::seeds(Path::new(&repository_path("."))).unwrap();
    for (name, read) in READERS {
        let seeds = &seeds[name];
        seeds.iter().for_each(|input| read(input));
        for nth in 0..count {
            let mut random = Rng::with_seed(seed.wrapping_add(nth));
            let input = mutate(&seeds[random.usize(0..seeds.len())], &mut random);
            if catch_unwind(|| read(&input)).is_err() {
                panic!(
                    "{name}, input {nth} of KOSMOS_TEST_DRAW={draw}: {:?}",
                    String::from_utf8_lossy(&input)
                );
            }
        }
    }
}
