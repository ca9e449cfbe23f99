//! The system-call filter: what a numerical Python needs is let through, everything else is refused.
//!
//! Two filters are stacked. The first lets a list of calls through and answers all others as a kernel
//! would that does not have them (ENOSYS), which is what libraries know how to fall back from; so calls
//! that are newer than this list are refused too. The second refuses by name, with EPERM, calls that
//! a person will want to see refused in so many words, and some arguments of calls that are let through.
//! A program of another architecture or calling convention is killed at its first call.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use super::{
    calls::{Argument, Call},
    report::{SetupFailed, Step},
};
use crate::system_calls::{self, ALLOWED, OLDER, REFUSED, REFUSED_OLDER};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Puts the filter on a process and all that it will start.
pub fn calls() -> Result<Vec<Call>, SetupFailed> {
    let (allow, refuse) = programs().step("build the system-call filter")?;
    // Of two refusals the kernel reports the one installed last.
    Ok([allow, refuse].map(|program| install(&program)).into())
}

fn install(program: &BpfProgram) -> Call {
    let mut bytes = Vec::with_capacity(program.len() * size_of::<libc::sock_filter>());
    for instruction in program {
        bytes.extend(instruction.code.to_ne_bytes());
        bytes.extend([instruction.jt, instruction.jf]);
        bytes.extend(instruction.k.to_ne_bytes());
    }
    let arguments = [
        Argument::Number(libc::SECCOMP_SET_MODE_FILTER.into()),
        Argument::Number(0),
        Argument::Program(bytes),
    ];
    Call::new("install the system-call filter", libc::SYS_seccomp, arguments)
}

fn programs() -> Result<(BpfProgram, BpfProgram), BackendError> {
    let errno = |code: i32| SeccompAction::Errno(code.unsigned_abs());
    let arch = std::env::consts::ARCH.try_into()?;
    let allowed = rules(&[ALLOWED, OLDER]);
    let allow = SeccompFilter::new(allowed, errno(libc::ENOSYS), SeccompAction::Allow, arch)?;
    let refuse = SeccompFilter::new(refused()?, SeccompAction::Allow, errno(libc::EPERM), arch)?;
    Ok((allow.try_into()?, refuse.try_into()?))
}

/// A rule without conditions for each call that there is on this architecture.
fn rules(lists: &[&[system_calls::Call]]) -> Rules {
    let calls = lists.iter().copied().flatten();
    calls.filter_map(|call| Some((call.number?, Vec::new()))).collect()
}

fn refused() -> Result<Rules, BackendError> {
    let mut rules = rules(&[REFUSED, REFUSED_OLDER]);
    // Sockets within the sandbox only: no internet, no packets, no virtual-machine sockets.
    for call in [libc::SYS_socket, libc::SYS_socketpair] {
        let local = libc::AF_UNIX.unsigned_abs().into();
        rules.insert(call, vec![rule(0, SeccompCmpOp::Ne, local)?]);
    }
    let namespaces = [
        libc::CLONE_NEWNS,
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
    ];
    let mut clone = Vec::new();
    for flag in namespaces {
        let flag = flag.unsigned_abs().into();
        clone.push(rule(0, SeccompCmpOp::MaskedEq(flag), flag)?);
    }
    rules.insert(libc::SYS_clone, clone);
    // Typing into a terminal on its owner's behalf.
    let mut ioctl = Vec::new();
    for request in [libc::TIOCSTI, TIOCLINUX] {
        ioctl.push(rule(1, SeccompCmpOp::Eq, request)?);
    }
    rules.insert(libc::SYS_ioctl, ioctl);
    Ok(rules)
}

const TIOCLINUX: u64 = 0x541C;

/// The kernel reads these arguments as 32 bits, so the filter must not look at the rest.
fn rule(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?;
    SeccompRule::new(vec![condition])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_build() {
        programs().unwrap();
    }
}
