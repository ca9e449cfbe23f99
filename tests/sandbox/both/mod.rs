//! The same attacks on both backends, with the same expectations.
//!
//! | file | what |
//! |---|---|
//! | `stage` | a backend to attack, an attack, and what is looked at afterwards |
//! | `ends` | every way to end, and floods, bombs and full disks |
//! | `reach` | the network, the system, other processes, secrets |
//! | `files` | hidden files, files with holes, and files that two sandboxes see |
//! | `leftovers` | what a script leaves behind, on disk and running |
//!
//! A difference between the backends that is meant is written where it is: `docker_ends`, `process_ends`.

mod ends;
mod files;
mod leftovers;
mod reach;
mod stage;

/// Runs each function on a stage with the process backend and on one with the docker backend, as tests.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod process {
            $(#[tokio::test] async fn $name() { super::$name(&super::Stage::process().await).await; })*
        }
        mod docker {
            $(#[tokio::test] async fn $name() {
                if let Some(stage) = super::Stage::docker().await {
                    super::$name(&stage).await;
                    stage.close().await;
                }
            })*
        }
    };
}
pub(crate) use on_both;
