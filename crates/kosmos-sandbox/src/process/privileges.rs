//! Limits of a process, and dropping the privileges that init needed to build the root.

use nix::libc;
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, capabilities, configure_capability_in_ambient_set, set_capabilities,
};

use super::{
    calls::{Argument, PreparedCall},
    policy::{Identity, ProcessLimits},
};

/// Lets a user other than root keep its capabilities when it starts another program.
pub fn keep_capabilities_across_exec() -> rustix::io::Result<()> {
    let mut sets = capabilities(None)?;
    sets.inheritable = sets.permitted;
    set_capabilities(None, sets)?;
    for capability in CapabilitySet::all().iter() {
        if sets.permitted.contains(capability) {
            configure_capability_in_ambient_set(capability, true)?;
        }
    }
    Ok(())
}

/// Returns the calls that set the limits of each process. Hard limits are set too, so that nothing can raise them
/// again.
pub fn limit_calls(limits: &ProcessLimits) -> Vec<PreparedCall> {
    let mut all = vec![
        // Not 0: where the host hands core dumps to a program, 0 is ignored, and 1 alone means none.
        limit_call("core dumps", libc::RLIMIT_CORE, 1, 1),
        limit_call(
            "the size of files",
            libc::RLIMIT_FSIZE,
            limits.file_bytes,
            limits.file_bytes,
        ),
        limit_call("open files", libc::RLIMIT_NOFILE, limits.open_files, limits.open_files),
        limit_call("locked memory", libc::RLIMIT_MEMLOCK, 64 << 10, 64 << 10),
        limit_call("message queues", libc::RLIMIT_MSGQUEUE, 0, 0),
        // The soft limit sends a signal that names the reason; the hard one kills a second later.
        limit_call(
            "processor time",
            libc::RLIMIT_CPU,
            limits.cpu_seconds,
            limits.cpu_seconds.saturating_add(1),
        ),
    ];
    if let Some(bytes) = limits.address_space_bytes {
        all.push(limit_call("address space", libc::RLIMIT_AS, bytes, bytes));
    }
    if let Some(processes) = limits.processes {
        all.push(limit_call("processes", libc::RLIMIT_NPROC, processes, processes));
    }
    all
}

fn limit_call(name: &str, resource: impl Into<i64>, soft: u64, hard: u64) -> PreparedCall {
    let both = [soft.to_ne_bytes(), hard.to_ne_bytes()].concat();
    let arguments = [
        Argument::Number(0),
        Argument::Number(resource.into()),
        Argument::Bytes(both),
        Argument::Number(0),
    ];
    PreparedCall::new(format!("limit {name}"), libc::SYS_prlimit64, arguments)
}

/// Returns the calls by which a process becomes an unprivileged user for good.
pub fn drop_privileges_calls(identity: Identity) -> Vec<PreparedCall> {
    let clear = libc::PR_CAP_AMBIENT_CLEAR_ALL.into();
    let mut all = vec![PreparedCall::prctl(
        "clear ambient capabilities",
        libc::PR_CAP_AMBIENT,
        clear,
        0,
    )];
    for capability in 0..u64::BITS {
        all.push(PreparedCall {
            // A kernel without the newest capabilities answers EINVAL to them.
            tolerated: Some(libc::EINVAL),
            ..PreparedCall::prctl("drop the bounding set", libc::PR_CAPBSET_DROP, capability.into(), 0)
        });
    }
    let bits = CapabilitiesSecureBits::NO_ROOT
        | CapabilitiesSecureBits::NO_ROOT_LOCKED
        | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
        | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED;
    let bits = bits.bits().into();
    all.push(PreparedCall::prctl(
        "lock the secure bits",
        libc::PR_SET_SECUREBITS,
        bits,
        0,
    ));
    if let Identity::Switched { uid, gid } = identity {
        let three = |id: u32| [(); 3].map(|()| Argument::Number(id.into()));
        let nobody = [(); 2].map(|()| Argument::Number(0));
        all.push(PreparedCall::new("leave all groups", libc::SYS_setgroups, nobody));
        all.push(PreparedCall::new("change the group", libc::SYS_setresgid, three(gid)));
        all.push(PreparedCall::new("change the user", libc::SYS_setresuid, three(uid)));
    }
    // See capset(2): the version, this process, and three empty sets in two halves.
    let header = [CAPABILITY_VERSION_3.to_ne_bytes(), [0; 4]].concat();
    let none = [Argument::Bytes(header), Argument::Bytes(vec![0; 24])];
    all.push(PreparedCall::new("drop all capabilities", libc::SYS_capset, none));
    all.push(PreparedCall::prctl(
        "forbid new privileges",
        libc::PR_SET_NO_NEW_PRIVS,
        1,
        0,
    ));
    all
}

const CAPABILITY_VERSION_3: u32 = 0x2008_0522;
