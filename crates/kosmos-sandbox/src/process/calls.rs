//! System calls as data: those that a process performs on itself before it runs a script.
//!
//! Init performs them on itself, and sends the same ones to an interpreter that is already running, so
//! that a cold and a warm start give up the same privileges.

use nix::libc;
use serde::{Deserialize, Serialize};

use super::report::{NameStep, SetupFailed};

/// One system call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedCall {
    /// Its purpose, for the error.
    pub step: String,
    pub number: i64,
    /// At most five.
    pub arguments: Vec<Argument>,
    /// An error number that is ignored.
    pub tolerated: Option<i32>,
}

/// One argument of a system call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Argument {
    Number(i64),
    /// The address of these bytes.
    Bytes(Vec<u8>),
    /// The address of a program for the system-call filter that has these instructions.
    Program(Vec<u8>),
}

impl PreparedCall {
    pub fn new(step: impl Into<String>, number: i64, arguments: impl IntoIterator<Item = Argument>) -> Self {
        Self {
            step: step.into(),
            number,
            arguments: arguments.into_iter().collect(),
            tolerated: None,
        }
    }

    /// Returns a call of prctl(2), whose unused arguments must be 0.
    pub fn prctl(step: impl Into<String>, option: i32, first: i64, second: i64) -> Self {
        let arguments = [i64::from(option), first, second, 0, 0].map(Argument::Number);
        Self::new(step, libc::SYS_prctl, arguments)
    }
}

/// Performs `calls` on this process until the first that fails.
pub fn perform_all(calls: &[PreparedCall]) -> Result<(), SetupFailed> {
    calls.iter().try_for_each(perform_one)
}

fn perform_one(call: &PreparedCall) -> Result<(), SetupFailed> {
    let mut arguments = call.arguments.clone();
    // Boxed, so that their addresses do not change.
    let mut programs = Vec::new();
    let mut words = [0; 5];
    for (word, argument) in words.iter_mut().zip(&mut arguments) {
        *word = match argument {
            Argument::Number(number) => *number,
            Argument::Bytes(bytes) => address_of(bytes.as_mut_ptr()),
            Argument::Program(bytes) => {
                let mut program = Box::new(libc::sock_fprog {
                    len: u16::try_from(bytes.len() / size_of::<libc::sock_filter>()).in_step(&call.step)?,
                    filter: bytes.as_mut_ptr().cast(),
                });
                let word = address_of(&raw mut *program);
                programs.push(program);
                word
            }
        };
    }
    let [a, b, c, d, e] = words;
    // SAFETY: the calls are those that `privileges` and `filter` build: each address is that of a buffer
    // of the size its call asks for, in `arguments` and `programs`, which both outlive the call. They
    // change what this process may do, none of its memory.
    #[allow(unsafe_code)]
    let result = unsafe { libc::syscall(call.number, a, b, c, d, e) };
    drop(programs);
    if result >= 0 {
        return Ok(());
    }
    let error = std::io::Error::last_os_error();
    if error.raw_os_error() == call.tolerated {
        return Ok(());
    }
    Err(error).in_step(&call.step)
}

/// Returns an address as an argument of a system call.
fn address_of<T>(pointer: *mut T) -> i64 {
    pointer.expose_provenance().cast_signed() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_fails_is_named() {
        let close = |tolerated| PreparedCall {
            tolerated,
            ..PreparedCall::new("close nothing", libc::SYS_close, [Argument::Number(-1)])
        };
        let error = perform_all(&[close(None)]).unwrap_err();
        assert_eq!(error.step, "close nothing");
        perform_all(&[close(Some(libc::EBADF))]).unwrap();
    }
}
