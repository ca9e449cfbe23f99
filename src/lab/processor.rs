//! The processor that scripts run on.
//!
//! Libraries of linear algebra choose their kernels by the processor, and other kernels round differently: scripts give
//! other last digits there.

use std::fs;

/// Abilities that kernels are chosen by.
const ABILITIES: [&str; 4] = ["avx2", "avx512f", "avx512_bf16", "sve"];

/// The fields of `/proc/cpuinfo` that tell processors apart.
const FIELDS: [&str; 5] = ["vendor_id", "cpu family", "model", "CPU implementer", "CPU part"];

/// The name of this machine's processor, as far as kernels are chosen by it. None if the system does not tell.
pub(super) fn name_processor() -> Option<String> {
    let told = fs::read_to_string("/proc/cpuinfo").ok()?;
    let mut name = name_of(&told)?;
    // The user's own choice of kernels.
    if let Ok(chosen) = std::env::var("OPENBLAS_CORETYPE") {
        name.push_str(" as ");
        name.extend(chosen.chars().filter(char::is_ascii_alphanumeric).take(20));
    }
    Some(name)
}

/// The name of the first processor that `cpuinfo`, in the form of `/proc/cpuinfo`, tells of.
fn name_of(cpuinfo: &str) -> Option<String> {
    let first = cpuinfo.split("\n\n").next()?;
    let value_of = |field: &str| {
        first.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == field).then(|| value.trim())
        })
    };
    let mut parts: Vec<&str> = FIELDS.into_iter().filter_map(value_of).collect();
    if parts.is_empty() {
        return None;
    }
    let told = value_of("flags").or_else(|| value_of("Features")).unwrap_or_default();
    parts.extend(
        ABILITIES
            .into_iter()
            .filter(|ability| told.split(' ').any(|one| one == *ability)),
    );
    Some(parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_named_by_what_kernels_are_chosen_by() {
        let one = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\nmodel name\t: X\ncpu MHz\t: \
                   2445.4\nflags\t: fpu sse avx avx2 bmi2\n\nprocessor\t: 1\nvendor_id\t: Other\n";
        assert_eq!(name_of(one).as_deref(), Some("AuthenticAMD 25 1 avx2"));
        let wider = one.replace("avx2", "avx2 avx512f");
        assert_eq!(name_of(&wider).as_deref(), Some("AuthenticAMD 25 1 avx2 avx512f"));
        let arm = "processor\t: 0\nFeatures\t: fp asimd sve\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n";
        assert_eq!(name_of(arm).as_deref(), Some("0x41 0xd40 sve"));
        assert_eq!(name_of("nothing"), None);
        assert!(name_processor().is_some());
    }
}
