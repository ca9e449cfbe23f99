//! The examples that take long: the default tier does those that are drawn from the commit, `tests/run deep examples`
//! each.

use kosmos_testing::sample::draw_sample;

/// How many the default tier does.
const DRAWN: usize = 1;

#[test]
fn drawn_examples_do_what_their_readmes_say() {
    let sample = draw_sample("examples", EXAMPLES.len(), DRAWN);
    for point in sample.points {
        let (name, check) = EXAMPLES[point];
        eprintln!("example {point}: {name}");
        check();
    }
}

macro_rules! examples {
    ($($file:ident :: $test:ident),* $(,)?) => {
        const EXAMPLES: &[(&str, fn())] = &[$((stringify!($test), crate::$file::$test)),*];

        mod deep {
            $(#[test] fn $test() { crate::$file::$test(); })*
        }
    };
}

examples!(
    agents::the_skeptic_and_the_reader_of_papers_have_their_say,
    project::the_new_season_replicates_the_first_ones,
    survey::what_was_planted_is_found_and_chance_is_not,
    trial::only_the_treatment_has_an_effect,
    trial::without_the_promise_it_is_an_association,
);
