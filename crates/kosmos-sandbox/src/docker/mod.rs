//! The backend for a container engine: Docker, or what speaks its API.
//!
//! Each job gets a container of its own out of a small pool of containers that were made and started
//! ahead. In it, process 1 (`python/resident.py`) has imported the usual packages; it
//! forks the script, watches over it, ends what it leaves behind, and hands the files back:
//!
//! ```text
//! kosmos --archive--> volume in memory       (the script and links to its inputs)
//!        --job------> process 1 --fork--> script
//!        <--frames--- process 1 <--pipes-- script
//! ```
//!
//! When kosmos ends, however it ends, process 1 sees the end of its input and ends the container; what is
//! left of it is removed by the next kosmos.
//!
//! | file | noun |
//! |---|---|
//! | `backend` | the sandbox as the rest of kosmos knows it |
//! | `address`, `engine` | the connection, and calls that come to an end |
//! | `image` | the images and how they are made |
//! | `container`, `seccomp` | what a container is allowed |
//! | `lease`, `pool` | one container, and those kept ready |
//! | `inputs`, `upload` | what goes in |
//! | `frames`, `outputs` | what comes out |
//! | `run` | one job from beginning to end |
//! | `probe` | what a container withstands, measured by an attack |
//! | `owner`, `sweep` | what dead kosmos processes left behind |

mod address;
mod backend;
mod container;
mod engine;
mod frames;
pub mod image;
mod inputs;
mod lease;
mod outputs;
mod owner;
mod pool;
mod probe;
mod run;
mod seccomp;
mod sweep;
mod upload;

pub use backend::{DockerSandbox, Options as DockerOptions};
pub use engine::Engine;
