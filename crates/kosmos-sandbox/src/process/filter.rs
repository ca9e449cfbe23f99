//! The system-call filter: it allows the calls that a numerical Python needs and refuses all others.
//!
//! Three filters are stacked. The first allows a list of calls and answers all others like a kernel
//! without them (ENOSYS), from which libraries know how to fall back; so calls
//! that are newer than this list are refused too. The second refuses by name, with EPERM, calls whose refusal
//! should be visible as such, and some arguments of allowed calls. The third answers calls with success that must have
//! no effect, such as locks on files.
//! A program of another architecture or calling convention is killed at its first call.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use super::{
    calls::{Argument, PreparedCall},
    report::{NameStep, SetupFailed},
};
use crate::system_calls::{
    self, ALLOWED, FCNTL_ALLOWED, FCNTL_IGNORED, IGNORED, MADVISE_IGNORED, OLDER, REFUSED, REFUSED_OLDER,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Returns the calls that install the filter on a process and its future children.
pub fn filter_calls() -> Result<Vec<PreparedCall>, SetupFailed> {
    let programs = build_programs().in_step("build the system-call filter")?;
    // If several answer with an error number (0 is success), the kernel takes that of the one installed last.
    Ok(programs.map(|program| install_call(&program)).into())
}

fn install_call(program: &BpfProgram) -> PreparedCall {
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
    PreparedCall::new("install the system-call filter", libc::SYS_seccomp, arguments)
}

fn build_programs() -> Result<[BpfProgram; 3], BackendError> {
    let errno = |code: i32| SeccompAction::Errno(code.unsigned_abs());
    let arch = std::env::consts::ARCH.try_into()?;
    let allowed = unconditional_rules(&[ALLOWED, OLDER]);
    let allow = SeccompFilter::new(allowed, errno(libc::ENOSYS), SeccompAction::Allow, arch)?;
    let refuse = SeccompFilter::new(refusing_rules()?, SeccompAction::Allow, errno(libc::EPERM), arch)?;
    let ignore = SeccompFilter::new(ignoring_rules()?, SeccompAction::Allow, errno(0), arch)?;
    Ok([allow.try_into()?, refuse.try_into()?, ignore.try_into()?])
}

/// Returns a rule without conditions for each call that exists on this architecture.
fn unconditional_rules(lists: &[&[system_calls::SystemCall]]) -> Rules {
    let calls = lists.iter().copied().flatten();
    calls.filter_map(|call| Some((call.number?, Vec::new()))).collect()
}

fn refusing_rules() -> Result<Rules, BackendError> {
    let mut rules = unconditional_rules(&[REFUSED, REFUSED_OLDER]);
    // Sockets within the sandbox only: no internet, no packets, no virtual-machine sockets.
    for call in [libc::SYS_socket, libc::SYS_socketpair] {
        let local = libc::AF_UNIX.unsigned_abs().into();
        rules.insert(call, vec![compare_argument(0, SeccompCmpOp::Ne, local)?]);
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
        clone.push(compare_argument(0, SeccompCmpOp::MaskedEq(flag), flag)?);
    }
    rules.insert(libc::SYS_clone, clone);
    // Refuses to type into a terminal on its owner's behalf.
    let mut ioctl = Vec::new();
    for request in [libc::TIOCSTI, TIOCLINUX] {
        ioctl.push(compare_argument(1, SeccompCmpOp::Eq, request)?);
    }
    rules.insert(libc::SYS_ioctl, ioctl);
    let mut other_commands = Vec::new();
    for command in FCNTL_ALLOWED.iter().chain(FCNTL_IGNORED) {
        other_commands.push(condition(1, SeccompCmpOp::Ne, *command)?);
    }
    rules.insert(libc::SYS_fcntl, vec![SeccompRule::new(other_commands)?]);
    Ok(rules)
}

fn ignoring_rules() -> Result<Rules, BackendError> {
    let mut rules = unconditional_rules(&[IGNORED]);
    for (call, argument, values) in [
        (libc::SYS_fcntl, 1, FCNTL_IGNORED),
        (libc::SYS_madvise, 2, MADVISE_IGNORED),
    ] {
        let mut each = Vec::new();
        for value in values {
            each.push(compare_argument(argument, SeccompCmpOp::Eq, *value)?);
        }
        rules.insert(call, each);
    }
    Ok(rules)
}

const TIOCLINUX: u64 = 0x541C;

/// Returns a rule that compares one argument. The kernel reads 32 bits of it, so the filter must ignore the rest.
fn compare_argument(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![condition(argument, operator, value)?])
}

fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_build() {
        build_programs().unwrap();
    }
}
