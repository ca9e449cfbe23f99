//! Fuzz targets for the readers of foreign input: [`readers`] has one function for each, [`seeds`] its first inputs,
//! and [`mutation`] changes inputs where no fuzzer does. All are compiled into the tests too (`tests/lab/readers.rs`),
//! which need no fuzzer.

pub mod mutation;
pub mod readers;
pub mod seeds;
