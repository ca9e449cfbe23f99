//! The process sandbox, attacked from within and from without.
//!
//! | file | what |
//! |---|---|
//! | `outcomes` | every way in which a job can end |
//! | `attacks` | what a script tries and must not get |
//! | `lifetimes` | what must be gone, and when |
//! | `session` | programs that are talked to while they run |
//! | `ordinary` | without root, without cgroups |
//! | `science` | the interpreter with its packages, and how long things take |
//! | `warm` | scripts in forks of one interpreter, as against cold starts |
//! | `zygote` | that interpreter: when it begins and ends, and what it survives |
//! | `environment` | making that interpreter when something is in the way |
//! | `image` | the container backend's images, built on a real engine |
//! | `remote` | a container engine on the other side of TLS |
//! | `again` | running one of these tests in another process, to kill it or to be someone else |

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod attacks;
mod both;
mod environment;
mod image;
mod lifetimes;
mod ordinary;
mod outcomes;
mod remote;
mod science;
mod session;
mod site;
mod warm;
mod zygote;
