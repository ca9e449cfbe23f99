//! The system-call profile of containers: the lists of the process sandbox in the engine's format.

use serde_json::{Value, json};

use crate::system_calls::{
    ALLOWED, FCNTL_ALLOWED, FCNTL_IGNORED, IGNORED, MADVISE_IGNORED, OLDER, REFUSED, REFUSED_OLDER, kernel_name,
};

/// A kernel's answer to an unknown call, from which libraries know how to fall back.
const ENOSYS: u32 = 38;
const EPERM: u32 = 1;
const SUCCESS: u32 = 0;
/// The values of the advice that `madvise` knows, see madvise(2).
const MADVISE_KNOWN: std::ops::RangeInclusive<u64> = 0..=25;
/// Flags of `clone` that make namespaces: new mount, cgroup, uts, ipc, user, pid and network ones.
const NAMESPACES: u64 = 0x7E02_0000;
const AF_UNIX: u64 = 1;
const TIOCSTI: u64 = 0x5412;

/// Returns the profile in the form of the engine's security option.
pub fn seccomp_profile() -> String {
    let conditional = ["socket", "socketpair", "clone", "ioctl", "fcntl", "madvise"];
    let allowed: Vec<&str> = ALLOWED
        .iter()
        .chain(OLDER)
        .map(|call| kernel_name(call))
        .filter(|name| !conditional.contains(name))
        .collect();
    let refused: Vec<&str> = REFUSED
        .iter()
        .chain(REFUSED_OLDER)
        .map(|call| kernel_name(call))
        .collect();
    let ignored: Vec<&str> = IGNORED.iter().map(|call| kernel_name(call)).collect();
    let mut rules = vec![
        allow_rule(&allowed, None),
        // Sockets within the container only: no internet, no packets, no virtual-machine sockets.
        allow_rule(
            &["socket", "socketpair"],
            Some(argument_condition(0, AF_UNIX, "SCMP_CMP_EQ", None)),
        ),
        allow_rule(
            &["clone"],
            Some(argument_condition(0, NAMESPACES, "SCMP_CMP_MASKED_EQ", Some(0))),
        ),
        // Refuses to type into a terminal on its owner's behalf.
        allow_rule(&["ioctl"], Some(argument_condition(1, TIOCSTI, "SCMP_CMP_NE", None))),
        refuse_rule(&["clone3"], ENOSYS),
        refuse_rule(&refused, EPERM),
        refuse_rule(&ignored, SUCCESS),
    ];
    let equal = |argument, value: &u64| Some(argument_condition(argument, *value, "SCMP_CMP_EQ", None));
    rules.extend(
        FCNTL_ALLOWED
            .iter()
            .map(|command| allow_rule(&["fcntl"], equal(1, command))),
    );
    rules.extend(
        FCNTL_IGNORED
            .iter()
            .map(|command| answer_rule(&["fcntl"], equal(1, command), SUCCESS)),
    );
    rules.extend(madvise_rules());
    json!({
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": ENOSYS,
        "archMap": [
            {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": []},
            {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": []},
        ],
        "syscalls": rules,
    })
    .to_string()
}

fn allow_rule(names: &[&str], argument: Option<Value>) -> Value {
    json!({"names": names, "action": "SCMP_ACT_ALLOW", "args": Vec::from_iter(argument)})
}

fn refuse_rule(names: &[&str], errno: u32) -> Value {
    answer_rule(names, None, errno)
}

/// Answers the calls, those with that argument if one is given, with an error number, or with success and no effect.
fn answer_rule(names: &[&str], argument: Option<Value>, errno: u32) -> Value {
    json!({"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": errno, "args": Vec::from_iter(argument)})
}

/// Allows all advice about memory but the ignored. The engine wants one action for each value, and advice that is newer
/// than this list is refused.
fn madvise_rules() -> Vec<Value> {
    let each = MADVISE_KNOWN.filter(|advice| !MADVISE_IGNORED.contains(advice));
    let equal = |value: u64| Some(argument_condition(2, value, "SCMP_CMP_EQ", None));
    each.map(|advice| allow_rule(&["madvise"], equal(advice)))
        .chain(
            MADVISE_IGNORED
                .iter()
                .map(|advice| answer_rule(&["madvise"], equal(*advice), SUCCESS)),
        )
        .collect()
}

/// Returns a condition on one argument; for a masked comparison `value` is the mask and `wanted` the result.
fn argument_condition(index: u32, value: u64, operator: &str, wanted: Option<u64>) -> Value {
    json!({"index": index, "value": value, "valueTwo": wanted.unwrap_or(0), "op": operator})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dangerous_calls_are_not_allowed() {
        let profile: Value = serde_json::from_str(&seccomp_profile()).unwrap();
        let names = |action: &str| -> Vec<String> {
            let rules = profile["syscalls"].as_array().unwrap().iter();
            rules
                .filter(|rule| rule["action"] == action)
                .flat_map(|rule| rule["names"].as_array().unwrap().clone())
                .map(|name| name.as_str().unwrap().to_owned())
                .collect()
        };
        let (allowed, refused) = (names("SCMP_ACT_ALLOW"), names("SCMP_ACT_ERRNO"));
        for call in [
            "mount",
            "unshare",
            "ptrace",
            "keyctl",
            "io_uring_setup",
            "perf_event_open",
            "bpf",
        ] {
            assert!(refused.iter().any(|name| name == call), "{call}");
            assert!(!allowed.iter().any(|name| name == call), "{call}");
        }
        assert!(allowed.iter().any(|name| name == "execve"));
        assert!(refused.iter().any(|name| name == "flock") && !allowed.iter().any(|name| name == "flock"));
        assert_eq!(profile["defaultAction"], "SCMP_ACT_ERRNO");
    }
}
