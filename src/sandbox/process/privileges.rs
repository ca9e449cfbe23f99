//! Giving up what init had to have to build the root.

use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use rustix::{
    process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit},
    thread::{
        CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
        configure_capability_in_ambient_set, remove_capability_from_bounding_set, set_capabilities,
        set_capabilities_secure_bits, set_no_new_privs,
    },
};

use super::{
    policy::{Identity, ProcessLimits},
    report::{SetupFailed, Step},
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
pub fn limit(limits: &ProcessLimits) -> Result<(), SetupFailed> {
    let set = |resource, name: &str, value: u64| {
        let both = Rlimit {
            current: Some(value),
            maximum: Some(value),
        };
        setrlimit(resource, both).step(format_args!("limit {name}"))
    };
    // Not 0: where the host hands core dumps to a program, 0 is ignored, and 1 alone means none.
    set(Resource::Core, "core dumps", 1)?;
    set(Resource::Fsize, "the size of files", limits.file_bytes)?;
    set(Resource::Nofile, "open files", limits.open_files)?;
    set(Resource::Memlock, "locked memory", 64 << 10)?;
    set(Resource::Msgqueue, "message queues", 0)?;
    // The soft limit sends a signal that says what happened, the hard one a second later kills.
    let cpu = Rlimit {
        current: Some(limits.cpu_seconds),
        maximum: Some(limits.cpu_seconds + 1),
    };
    setrlimit(Resource::Cpu, cpu).step("limit processor time")?;
    if let Some(bytes) = limits.address_space_bytes {
        set(Resource::As, "address space", bytes)?;
    }
    if let Some(processes) = limits.processes {
        set(Resource::Nproc, "processes", processes)?;
    }
    Ok(())
}

/// Becomes an unprivileged user who can never be anything else.
pub fn give_up(identity: Identity) -> Result<(), SetupFailed> {
    clear_ambient_capability_set().step("clear ambient capabilities")?;
    for capability in CapabilitySet::all().iter() {
        // A kernel that does not know the newest capabilities says EINVAL to them.
        match remove_capability_from_bounding_set(capability) {
            Ok(()) | Err(rustix::io::Errno::INVAL) => {}
            Err(error) => return Err(error).step("drop the bounding set"),
        }
    }
    set_capabilities_secure_bits(
        CapabilitiesSecureBits::NO_ROOT
            | CapabilitiesSecureBits::NO_ROOT_LOCKED
            | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
            | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
            | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
            | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED,
    )
    .step("lock the secure bits")?;
    if let Identity::Switched { uid, gid } = identity {
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        setgroups(&[]).step("leave all groups")?;
        setresgid(gid, gid, gid).step("change the group")?;
        setresuid(uid, uid, uid).step("change the user")?;
    }
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, none).step("drop all capabilities")?;
    set_no_new_privs(true).step("forbid new privileges")?;
    // Init shares its user with the script, which must not read or write init's memory.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).step("close init's memory")
}
