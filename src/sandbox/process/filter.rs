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
    let allowed: Rules = ALLOWED
        .iter()
        .chain(ALLOWED_HERE)
        .map(|&call| (call, Vec::new()))
        .collect();
    let allow = SeccompFilter::new(allowed, errno(libc::ENOSYS), SeccompAction::Allow, arch)?;
    let refuse = SeccompFilter::new(refused()?, SeccompAction::Allow, errno(libc::EPERM), arch)?;
    Ok((allow.try_into()?, refuse.try_into()?))
}

fn refused() -> Result<Rules, BackendError> {
    let mut rules: Rules = REFUSED
        .iter()
        .chain(REFUSED_HERE)
        .map(|&call| (call, Vec::new()))
        .collect();
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

/// What programs need on every architecture. `clone3` is not here: its arguments lie in memory where a
/// filter cannot see them, and libraries fall back to `clone`.
#[rustfmt::skip]
const ALLOWED: &[i64] = &[
    // Files
    libc::SYS_read, libc::SYS_write, libc::SYS_close, libc::SYS_lseek, libc::SYS_pread64,
    libc::SYS_pwrite64, libc::SYS_readv, libc::SYS_writev, libc::SYS_preadv, libc::SYS_pwritev,
    libc::SYS_preadv2, libc::SYS_pwritev2, libc::SYS_sendfile, libc::SYS_splice, libc::SYS_tee,
    libc::SYS_copy_file_range, libc::SYS_ioctl, libc::SYS_fcntl, libc::SYS_flock, libc::SYS_fsync,
    libc::SYS_fdatasync, libc::SYS_sync_file_range, libc::SYS_truncate, libc::SYS_ftruncate,
    libc::SYS_fallocate, libc::SYS_fadvise64, libc::SYS_readahead, libc::SYS_openat,
    libc::SYS_close_range, libc::SYS_mkdirat, libc::SYS_mknodat, libc::SYS_unlinkat,
    libc::SYS_renameat, libc::SYS_renameat2, libc::SYS_linkat, libc::SYS_symlinkat,
    libc::SYS_readlinkat, libc::SYS_fchmod, libc::SYS_fchmodat, libc::SYS_fchown,
    libc::SYS_fchownat, libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_utimensat,
    libc::SYS_newfstatat, libc::SYS_fstat, libc::SYS_statx, libc::SYS_statfs, libc::SYS_fstatfs,
    libc::SYS_getdents64, libc::SYS_getcwd, libc::SYS_chdir, libc::SYS_fchdir, libc::SYS_umask,
    libc::SYS_getxattr, libc::SYS_lgetxattr, libc::SYS_fgetxattr, libc::SYS_listxattr,
    libc::SYS_llistxattr, libc::SYS_flistxattr, libc::SYS_dup, libc::SYS_dup3, libc::SYS_pipe2,
    libc::SYS_inotify_init1, libc::SYS_inotify_add_watch, libc::SYS_inotify_rm_watch,
    // Memory
    libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_munmap, libc::SYS_brk, libc::SYS_mremap,
    libc::SYS_msync, libc::SYS_mincore, libc::SYS_madvise, libc::SYS_mlock, libc::SYS_mlock2,
    libc::SYS_munlock, libc::SYS_mlockall, libc::SYS_munlockall, libc::SYS_membarrier,
    // Processes and threads
    libc::SYS_clone, libc::SYS_execve, libc::SYS_execveat, libc::SYS_exit, libc::SYS_exit_group,
    libc::SYS_wait4, libc::SYS_waitid, libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill,
    libc::SYS_pidfd_open, libc::SYS_pidfd_send_signal, libc::SYS_prctl, libc::SYS_getpid,
    libc::SYS_getppid, libc::SYS_gettid, libc::SYS_getpgid, libc::SYS_setpgid, libc::SYS_getsid,
    libc::SYS_setsid, libc::SYS_getuid, libc::SYS_geteuid, libc::SYS_getgid, libc::SYS_getegid,
    libc::SYS_getresuid, libc::SYS_getresgid, libc::SYS_getgroups, libc::SYS_capget,
    libc::SYS_getpriority, libc::SYS_setpriority, libc::SYS_getrusage, libc::SYS_prlimit64,
    libc::SYS_times, libc::SYS_sched_yield, libc::SYS_sched_getparam, libc::SYS_sched_getscheduler,
    libc::SYS_sched_setscheduler, libc::SYS_sched_get_priority_max,
    libc::SYS_sched_get_priority_min, libc::SYS_sched_getaffinity, libc::SYS_sched_setaffinity,
    libc::SYS_sched_getattr, libc::SYS_getcpu, libc::SYS_set_tid_address,
    libc::SYS_set_robust_list, libc::SYS_get_robust_list, libc::SYS_rseq, libc::SYS_futex,
    libc::SYS_futex_waitv, libc::SYS_restart_syscall,
    // Signals
    libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigpending, libc::SYS_rt_sigtimedwait, libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_sigsuspend, libc::SYS_sigaltstack, libc::SYS_signalfd4,
    // Time
    libc::SYS_nanosleep, libc::SYS_clock_nanosleep, libc::SYS_clock_gettime,
    libc::SYS_clock_getres, libc::SYS_gettimeofday, libc::SYS_getitimer, libc::SYS_setitimer,
    libc::SYS_timer_create, libc::SYS_timer_settime, libc::SYS_timer_gettime,
    libc::SYS_timer_getoverrun, libc::SYS_timer_delete, libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime, libc::SYS_timerfd_gettime,
    // Waiting, and sockets between the sandbox's own processes
    libc::SYS_epoll_create1, libc::SYS_epoll_ctl, libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2,
    libc::SYS_pselect6, libc::SYS_ppoll, libc::SYS_eventfd2, libc::SYS_socket,
    libc::SYS_socketpair, libc::SYS_connect, libc::SYS_bind, libc::SYS_listen, libc::SYS_accept,
    libc::SYS_accept4, libc::SYS_sendto, libc::SYS_recvfrom, libc::SYS_sendmsg, libc::SYS_recvmsg,
    libc::SYS_shutdown, libc::SYS_getsockname, libc::SYS_getpeername, libc::SYS_setsockopt,
    libc::SYS_getsockopt,
    // The machine
    libc::SYS_uname, libc::SYS_sysinfo, libc::SYS_getrandom,
    // Giving up more rights
    libc::SYS_seccomp, libc::SYS_landlock_create_ruleset, libc::SYS_landlock_add_rule,
    libc::SYS_landlock_restrict_self,
];

/// The older forms that this architecture has besides.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const ALLOWED_HERE: &[i64] = &[
    libc::SYS_open, libc::SYS_creat, libc::SYS_stat, libc::SYS_lstat, libc::SYS_access,
    libc::SYS_rename, libc::SYS_mkdir, libc::SYS_rmdir, libc::SYS_link, libc::SYS_unlink,
    libc::SYS_symlink, libc::SYS_readlink, libc::SYS_chmod, libc::SYS_chown, libc::SYS_lchown,
    libc::SYS_utime, libc::SYS_utimes, libc::SYS_futimesat, libc::SYS_getdents, libc::SYS_mknod,
    libc::SYS_dup2, libc::SYS_pipe, libc::SYS_poll, libc::SYS_select, libc::SYS_epoll_create,
    libc::SYS_epoll_wait, libc::SYS_eventfd, libc::SYS_signalfd, libc::SYS_inotify_init,
    libc::SYS_fork, libc::SYS_vfork, libc::SYS_pause, libc::SYS_alarm, libc::SYS_getpgrp,
    libc::SYS_time, libc::SYS_getrlimit, libc::SYS_arch_prctl,
];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[i64] = &[];

/// Refused in so many words.
#[rustfmt::skip]
const REFUSED: &[i64] = &[
    // The tree of files
    libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root, libc::SYS_chroot,
    libc::SYS_fsopen, libc::SYS_fsconfig, libc::SYS_fsmount, libc::SYS_fspick,
    libc::SYS_open_tree, libc::SYS_move_mount, libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at, libc::SYS_name_to_handle_at, libc::SYS_quotactl,
    libc::SYS_fanotify_init, libc::SYS_swapon, libc::SYS_swapoff,
    // Namespaces and other processes
    libc::SYS_unshare, libc::SYS_setns, libc::SYS_ptrace, libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev, libc::SYS_process_madvise, libc::SYS_pidfd_getfd,
    libc::SYS_kcmp, libc::SYS_personality,
    // The kernel
    libc::SYS_bpf, libc::SYS_perf_event_open, libc::SYS_userfaultfd, libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter, libc::SYS_io_uring_register, libc::SYS_kexec_load,
    libc::SYS_init_module, libc::SYS_finit_module, libc::SYS_delete_module, libc::SYS_reboot,
    libc::SYS_syslog, libc::SYS_acct, libc::SYS_keyctl, libc::SYS_add_key,
    libc::SYS_request_key, libc::SYS_memfd_secret, libc::SYS_vhangup,
    libc::SYS_move_pages, libc::SYS_migrate_pages, libc::SYS_mbind, libc::SYS_set_mempolicy,
    // The machine's clock and name
    libc::SYS_settimeofday, libc::SYS_clock_settime, libc::SYS_clock_adjtime, libc::SYS_adjtimex,
    libc::SYS_sethostname, libc::SYS_setdomainname,
];

#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const REFUSED_HERE: &[i64] = &[
    libc::SYS_kexec_file_load, libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[i64] = &[];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_apart_and_build() {
        for call in REFUSED.iter().chain(REFUSED_HERE) {
            assert!(!ALLOWED.contains(call) && !ALLOWED_HERE.contains(call), "{call}");
        }
        programs().unwrap();
    }
}
