//! The backend for Linux. It needs no daemon, no image and no installation.
//!
//! Kosmos starts itself again as a *launcher* with an empty environment and a socket as standard
//! input. The launcher enters new namespaces and starts *init*, process 1 of a new process namespace,
//! which builds a small root, gives up all privileges and starts the interpreter:
//!
//! ```text
//! kosmos --policy--> launcher --policy--> init (pid 1) --> python script.py
//!        <--report--          <--report--
//! ```
//!
//! A warm start saves the time that the interpreter takes to start and import its packages: everything is
//! set up as above, but instead of starting an interpreter, init asks Kosmos for a fork of one that has
//! imported them, see `zygote` and `warm`. The fork enters the namespaces, gives up the same privileges by the
//! same system calls, and is init's child from then on.
//!
//! A session, a program that exchanges data with Kosmos while it runs, is started like a cold script; the difference is
//! that its standard input is a pipe, which is sent with the policy, see `session`. The following holds for both.
//!
//! When the script ends, init ends, and the kernel ends everything else in its namespace. When Kosmos
//! ends for any reason, its end of the socket closes and the launcher ends init. When the launcher is
//! killed, the kernel kills init.

mod options;

#[cfg(target_os = "linux")]
mod backend;
#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod capture;
#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(target_os = "linux")]
mod confine;
#[cfg(target_os = "linux")]
mod descriptors;
#[cfg(target_os = "linux")]
mod ending;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod init;
#[cfg(target_os = "linux")]
mod launched;
#[cfg(target_os = "linux")]
mod launcher;
#[cfg(target_os = "linux")]
mod lookup;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(target_os = "linux")]
pub(crate) mod owner;
#[cfg(target_os = "linux")]
mod plan;
#[cfg(target_os = "linux")]
mod policy;
#[cfg(target_os = "linux")]
mod prepared;
#[cfg(target_os = "linux")]
mod privileges;
#[cfg(target_os = "linux")]
mod probe;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod root;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod session;
#[cfg(target_os = "linux")]
pub(crate) mod staging;
#[cfg(target_os = "linux")]
mod tree;
#[cfg(target_os = "linux")]
mod verdict;
#[cfg(target_os = "linux")]
mod warm;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(target_os = "linux")]
mod workspace;
#[cfg(target_os = "linux")]
mod zygote;

#[cfg(not(target_os = "linux"))]
mod elsewhere;

#[cfg(target_os = "linux")]
pub use backend::ProcessSandbox;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::UnavailableSandbox as ProcessSandbox;
pub use options::ProcessOptions;

/// The hidden first argument that makes Kosmos a part of its own sandbox.
const ARGUMENT: &str = "__sandbox";

/// Becomes the sandbox's launcher or init if this process was started as one, and then does not return.
///
/// Call it first in `main`: before starting threads, logging, or reading arguments.
pub fn become_launcher_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != ARGUMENT) {
        return;
    }
    #[cfg(target_os = "linux")]
    let code = match arguments.next() {
        None => launcher::main(),
        Some(role) if role == init::ROLE => init::main(),
        Some(_) => 2,
    };
    #[cfg(not(target_os = "linux"))]
    let code = 2;
    std::process::exit(code);
}
