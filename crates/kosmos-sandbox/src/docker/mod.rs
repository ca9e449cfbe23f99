//! The backend for a container engine: Docker, or another one with its API.
//!
//! Each job gets a container of its own from a small pool of containers that were made and started
//! in advance. In it, process 1 (`python/resident.py`) has imported the usual packages. It
//! forks the script, supervises it, ends the processes that it leaves behind, and sends the files back:
//!
//! ```text
//! kosmos --archive--> volume in memory       (the script and links to its inputs)
//!        --job------> process 1 --fork--> script
//!        <--frames--- process 1 <--pipes-- script
//! ```
//!
//! When Kosmos ends for any reason, process 1 sees the end of its input and ends the container; the next Kosmos removes
//! what is left of it.
//!
//! | file | noun |
//! |---|---|
//! | `backend` | the sandbox as the rest of Kosmos uses it |
//! | `address`, `engine` | the connection, and calls with time limits |
//! | `image` | the images and how they are made |
//! | `container`, `seccomp` | the description of a container and its system calls |
//! | `lease`, `pool` | one container, and those kept ready |
//! | `inputs`, `upload` | data sent to a container |
//! | `frames`, `outputs` | data received from a container |
//! | `run` | one job from beginning to end |
//! | `probe` | the guarantees of a container, measured by an attack |
//! | `owner`, `sweep` | leftovers of dead Kosmos processes |

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

pub use backend::{DockerOptions, DockerSandbox};
pub use engine::ContainerEngine;
