//! The system calls that generated code may make: one list for all backends.
//!
//! A call has a name, for the engine's profiles, and on Linux a number, for the filter of the process sandbox.

/// A call, by the name of its constant, such as `SYS_read`, and its number here; none where it does not exist.
#[derive(Debug, Clone, Copy)]
pub(super) struct SystemCall {
    constant: &'static str,
    #[cfg(target_os = "linux")]
    pub number: Option<i64>,
}

/// Returns a call's name as in the kernel's own documentation.
pub(super) fn kernel_name(call: &SystemCall) -> &'static str {
    call.constant.strip_prefix("SYS_").unwrap_or(call.constant)
}

macro_rules! calls {
    ($($constant:ident),* $(,)?) => {
        &[$(SystemCall {
            constant: stringify!($constant),
            #[cfg(target_os = "linux")]
            number: Some(nix::libc::$constant),
        }),*]
    };
}

/// Calls that only the older architectures have.
macro_rules! older_calls {
    ($($constant:ident),* $(,)?) => {
        &[$(SystemCall {
            constant: stringify!($constant),
            #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
            number: Some(nix::libc::$constant),
            #[cfg(all(target_os = "linux", not(target_arch = "x86_64")))]
            number: None,
        }),*]
    };
}

/// Calls that programs need on every architecture. `clone3` is not here: its arguments are in memory that a
/// filter cannot read, and libraries fall back to `clone`.
#[rustfmt::skip]
pub(super) const ALLOWED: &[SystemCall] = calls![
    // Files
    SYS_read, SYS_write, SYS_close, SYS_lseek, SYS_pread64,
    SYS_pwrite64, SYS_readv, SYS_writev, SYS_preadv, SYS_pwritev,
    SYS_sendfile, SYS_splice, SYS_tee,
    SYS_copy_file_range, SYS_ioctl, SYS_fcntl, SYS_fsync,
    SYS_fdatasync, SYS_sync_file_range, SYS_truncate, SYS_ftruncate,
    SYS_fallocate, SYS_openat, SYS_close_range, SYS_mkdirat, SYS_mknodat, SYS_unlinkat,
    SYS_renameat, SYS_renameat2, SYS_linkat, SYS_symlinkat,
    SYS_readlinkat, SYS_fchmod, SYS_fchmodat, SYS_fchown,
    SYS_fchownat, SYS_faccessat, SYS_faccessat2, SYS_utimensat,
    SYS_newfstatat, SYS_fstat, SYS_statx, SYS_statfs, SYS_fstatfs,
    SYS_getdents64, SYS_getcwd, SYS_chdir, SYS_fchdir, SYS_umask,
    SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr, SYS_listxattr,
    SYS_llistxattr, SYS_flistxattr, SYS_dup, SYS_dup3, SYS_pipe2,
    // Memory
    SYS_mmap, SYS_mprotect, SYS_munmap, SYS_brk, SYS_mremap,
    SYS_msync, SYS_madvise, SYS_mlock, SYS_mlock2,
    SYS_munlock, SYS_mlockall, SYS_munlockall, SYS_membarrier,
    // Processes and threads
    SYS_clone, SYS_execve, SYS_execveat, SYS_exit, SYS_exit_group,
    SYS_wait4, SYS_waitid, SYS_kill, SYS_tkill, SYS_tgkill,
    SYS_pidfd_open, SYS_pidfd_send_signal, SYS_prctl, SYS_getpid,
    SYS_getppid, SYS_gettid, SYS_getpgid, SYS_setpgid, SYS_getsid,
    SYS_setsid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
    SYS_getresuid, SYS_getresgid, SYS_getgroups, SYS_capget,
    SYS_getpriority, SYS_setpriority, SYS_getrusage, SYS_prlimit64,
    SYS_times, SYS_sched_yield, SYS_sched_getparam, SYS_sched_getscheduler,
    SYS_sched_setscheduler, SYS_sched_get_priority_max,
    SYS_sched_get_priority_min, SYS_sched_getaffinity, SYS_sched_setaffinity,
    SYS_sched_getattr, SYS_getcpu, SYS_set_tid_address,
    SYS_set_robust_list, SYS_get_robust_list, SYS_rseq, SYS_futex,
    SYS_futex_waitv, SYS_restart_syscall,
    // Signals
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
    SYS_rt_sigpending, SYS_rt_sigtimedwait, SYS_rt_sigqueueinfo,
    SYS_rt_sigsuspend, SYS_sigaltstack, SYS_signalfd4,
    // Time
    SYS_nanosleep, SYS_clock_nanosleep, SYS_clock_gettime,
    SYS_clock_getres, SYS_gettimeofday, SYS_getitimer, SYS_setitimer,
    SYS_timer_create, SYS_timer_settime, SYS_timer_gettime,
    SYS_timer_getoverrun, SYS_timer_delete, SYS_timerfd_create,
    SYS_timerfd_settime, SYS_timerfd_gettime,
    // Waiting, and sockets between the sandbox's own processes
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_epoll_pwait2,
    SYS_pselect6, SYS_ppoll, SYS_eventfd2, SYS_socket,
    SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept,
    SYS_accept4, SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg,
    SYS_shutdown, SYS_getsockname, SYS_getpeername, SYS_setsockopt,
    SYS_getsockopt,
    // The machine
    SYS_uname, SYS_sysinfo, SYS_getrandom,
    // Giving up more rights
    SYS_seccomp, SYS_landlock_create_ruleset, SYS_landlock_add_rule,
    SYS_landlock_restrict_self,
];

/// Older forms of those calls, which only x86-64 has.
#[rustfmt::skip]
pub(super) const OLDER: &[SystemCall] = older_calls![
    SYS_open, SYS_creat, SYS_stat, SYS_lstat, SYS_access,
    SYS_rename, SYS_mkdir, SYS_rmdir, SYS_link, SYS_unlink,
    SYS_symlink, SYS_readlink, SYS_chmod, SYS_chown, SYS_lchown,
    SYS_utime, SYS_utimes, SYS_futimesat, SYS_getdents, SYS_mknod,
    SYS_dup2, SYS_pipe, SYS_poll, SYS_select, SYS_epoll_create,
    SYS_epoll_wait, SYS_eventfd, SYS_signalfd,
    SYS_fork, SYS_vfork, SYS_pause, SYS_alarm, SYS_getpgrp,
    SYS_time, SYS_getrlimit, SYS_arch_prctl,
];

/// Calls that are answered with success and do nothing.
///
/// Two sandboxes see the same read-only files: those of the interpreter, and a table that both analyse. A lock on such
/// a file, or its pages in memory, would tell one sandbox what the other does. A filter cannot know which file a call
/// is about, so locks do nothing on any file: a library that asks for one gets it. Within one process, SQLite and
/// others keep their own order; two processes of a script must not rely on a lock of a file.
#[rustfmt::skip]
pub(super) const IGNORED: &[SystemCall] = calls![
    SYS_flock, SYS_fadvise64, SYS_readahead,
];

/// Commands of `fcntl` (its second argument) that concern a descriptor, or only look at a lock. All others are refused:
/// leases, notices of changes, and hints that the kernel keeps with a file.
pub(super) const FCNTL_ALLOWED: &[u64] = &[
    0,    // F_DUPFD
    1,    // F_GETFD
    2,    // F_SETFD
    3,    // F_GETFL
    4,    // F_SETFL
    5,    // F_GETLK: finds nothing, since no lock is ever set
    8,    // F_SETOWN
    9,    // F_GETOWN
    10,   // F_SETSIG
    11,   // F_GETSIG
    15,   // F_SETOWN_EX
    16,   // F_GETOWN_EX
    36,   // F_OFD_GETLK
    1027, // F_DUPFD_QUERY
    1028, // F_CREATED_QUERY
    1030, // F_DUPFD_CLOEXEC
    1031, // F_SETPIPE_SZ
    1032, // F_GETPIPE_SZ
];

/// Commands of `fcntl` that set a lock, which are answered like [`IGNORED`]: F_SETLK, F_SETLKW, F_OFD_SETLK and
/// F_OFD_SETLKW.
pub(super) const FCNTL_IGNORED: &[u64] = &[6, 7, 37, 38];

/// Advice of `madvise` (its third argument) that moves pages of a shared file out of memory, which another sandbox
/// could notice, and is ignored: MADV_COLD and MADV_PAGEOUT.
pub(super) const MADVISE_IGNORED: &[u64] = &[20, 21];

/// Calls that are refused with EPERM, so that the refusal is visible.
#[rustfmt::skip]
pub(super) const REFUSED: &[SystemCall] = calls![
    // The tree of files
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot,
    SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
    SYS_open_tree, SYS_move_mount, SYS_mount_setattr,
    SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_quotactl,
    SYS_fanotify_init, SYS_swapon, SYS_swapoff,
    // Namespaces and other processes
    SYS_unshare, SYS_setns, SYS_ptrace, SYS_process_vm_readv,
    SYS_process_vm_writev, SYS_process_madvise, SYS_pidfd_getfd,
    SYS_kcmp, SYS_personality,
    // The kernel
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup,
    SYS_io_uring_enter, SYS_io_uring_register, SYS_kexec_load,
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_reboot,
    SYS_syslog, SYS_acct, SYS_keyctl, SYS_add_key,
    SYS_request_key, SYS_memfd_secret, SYS_vhangup,
    SYS_move_pages, SYS_migrate_pages, SYS_mbind, SYS_set_mempolicy,
    // The machine's clock and name
    SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex,
    SYS_sethostname, SYS_setdomainname,
];

/// Such calls that only x86-64 has.
#[rustfmt::skip]
pub(super) const REFUSED_OLDER: &[SystemCall] = older_calls![
    SYS_kexec_file_load, SYS_iopl, SYS_ioperm, SYS_modify_ldt,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_apart() {
        let allowed: Vec<_> = ALLOWED.iter().chain(OLDER).map(kernel_name).collect();
        for call in REFUSED.iter().chain(REFUSED_OLDER).chain(IGNORED) {
            assert!(!allowed.contains(&kernel_name(call)), "{}", kernel_name(call));
        }
        assert!(FCNTL_IGNORED.iter().all(|command| !FCNTL_ALLOWED.contains(command)));
        for call in ["inotify_add_watch", "inotify_init", "mincore", "preadv2", "flock"] {
            assert!(!allowed.contains(&call), "{call}");
        }
        assert!(allowed.contains(&"read"));
    }
}
