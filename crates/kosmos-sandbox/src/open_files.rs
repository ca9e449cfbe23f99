//! The limit on open files of this process.

/// Returns the number of files that this process may have open at once; none if there is no limit, or none that is
/// known.
pub fn open_file_limit() -> Option<u64> {
    #[cfg(target_os = "linux")]
    return rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(target_os = "linux"))]
    None
}
