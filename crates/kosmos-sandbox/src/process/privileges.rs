//! Limits of a process, and giving up what init had to have to build the root.

use nix::libc;
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, capabilities, configure_capability_in_ambient_set, set_capabilities,
};

use super::{
    calls::{Argument, Call},
    policy::{Identity, ProcessLimits},
};

/// Lets a user that is not root keep its capabilities when it starts another program.
pub fn keep_across_exec() -> rustix::io::Result<()> {
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

/// Sets the limits that hold for each process. Hard limits too, so that nothing raises them again.
pub fn limits(limits: &ProcessLimits) -> Vec<Call> {
    let mut all = vec![
        // Not 0: where the host hands core dumps to a program, 0 is ignored, and 1 alone means none.
        limit("core dumps", libc::RLIMIT_CORE, 1, 1),
        limit(
            "the size of files",
            libc::RLIMIT_FSIZE,
            limits.file_bytes,
            limits.file_bytes,
        ),
        limit("open files", libc::RLIMIT_NOFILE, limits.open_files, limits.open_files),
        limit("locked memory", libc::RLIMIT_MEMLOCK, 64 << 10, 64 << 10),
        limit("message queues", libc::RLIMIT_MSGQUEUE, 0, 0),
        // The soft limit sends a signal that says what happened, the hard one a second later kills.
        limit(
            "processor time",
            libc::RLIMIT_CPU,
            limits.cpu_seconds,
            limits.cpu_seconds.saturating_add(1),
        ),
    ];
    if let Some(bytes) = limits.address_space_bytes {
        all.push(limit("address space", libc::RLIMIT_AS, bytes, bytes));
    }
    if let Some(processes) = limits.processes {
        all.push(limit("processes", libc::RLIMIT_NPROC, processes, processes));
    }
    all
}

fn limit(name: &str, resource: impl Into<i64>, soft: u64, hard: u64) -> Call {
    let both = [soft.to_ne_bytes(), hard.to_ne_bytes()].concat();
    let arguments = [
        Argument::Number(0),
        Argument::Number(resource.into()),
        Argument::Bytes(both),
        Argument::Number(0),
    ];
    Call::new(format!("limit {name}"), libc::SYS_prlimit64, arguments)
}

/// Becomes an unprivileged user who can never be anything else.
pub fn renunciation(identity: Identity) -> Vec<Call> {
    let clear = libc::PR_CAP_AMBIENT_CLEAR_ALL.into();
    let mut all = vec![Call::control(
        "clear ambient capabilities",
        libc::PR_CAP_AMBIENT,
        clear,
        0,
    )];
    for capability in 0..u64::BITS {
        all.push(Call {
            // A kernel that does not know the newest capabilities says EINVAL to them.
            tolerated: Some(libc::EINVAL),
            ..Call::control("drop the bounding set", libc::PR_CAPBSET_DROP, capability.into(), 0)
        });
    }
    let bits = CapabilitiesSecureBits::NO_ROOT
        | CapabilitiesSecureBits::NO_ROOT_LOCKED
        | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
        | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED;
    let bits = bits.bits().into();
    all.push(Call::control("lock the secure bits", libc::PR_SET_SECUREBITS, bits, 0));
    if let Identity::Switched { uid, gid } = identity {
        let three = |id: u32| [(); 3].map(|()| Argument::Number(id.into()));
        let nobody = [(); 2].map(|()| Argument::Number(0));
        all.push(Call::new("leave all groups", libc::SYS_setgroups, nobody));
        all.push(Call::new("change the group", libc::SYS_setresgid, three(gid)));
        all.push(Call::new("change the user", libc::SYS_setresuid, three(uid)));
    }
    // See capset(2): the version, this process, and three empty sets in two halves.
    let header = [CAPABILITY_VERSION_3.to_ne_bytes(), [0; 4]].concat();
    let none = [Argument::Bytes(header), Argument::Bytes(vec![0; 24])];
    all.push(Call::new("drop all capabilities", libc::SYS_capset, none));
    all.push(Call::control("forbid new privileges", libc::PR_SET_NO_NEW_PRIVS, 1, 0));
    all
}

const CAPABILITY_VERSION_3: u32 = 0x2008_0522;
