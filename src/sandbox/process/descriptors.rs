//! Keeping the launcher's inherited file descriptors from everything inside.

use std::{fs, io, os::fd::BorrowedFd};

use rustix::io::{FdFlags, fcntl_setfd};

/// Marks every descriptor but the three standard ones to be closed when another program is started.
///
/// Kosmos may itself have been started with descriptors open, by a shell or a service manager, which
/// it knows nothing of and would otherwise hand on.
pub fn keep_from_children() -> io::Result<()> {
    for entry in fs::read_dir("/proc/self/fd")? {
        let Ok(number) = entry?.file_name().to_string_lossy().parse::<i32>() else {
            continue;
        };
        if number <= 2 {
            continue;
        }
        // SAFETY: the number was just read from the list of open descriptors (the list's own one
        // included, which stays open while we iterate), and this process has a single thread, so
        // nothing closes it before the borrow ends. Only its close-on-exec flag is changed.
        #[allow(unsafe_code)]
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        fcntl_setfd(descriptor, FdFlags::CLOEXEC)?;
    }
    Ok(())
}
