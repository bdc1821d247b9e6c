//! The system calls that the process of a sandboxed cog may make.

use std::{collections::BTreeMap, env::consts::ARCH};

use libc::c_long;
use seccompiler::{
    BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

/// By system call number; an empty list of rules matches any arguments.
type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Filters the system calls of this thread and of those that it starts.
///
/// # Errors
/// If the system has no filters, or its calls are not known here.
pub(super) fn filter() -> Result<(), Error> {
    // The kernel takes the strictest result of all filters: <https://man7.org/linux/man-pages/man2/seccomp.2.html>
    // The filter that allows calls is installed last: it allows no further filter to be installed.
    let own = u64::from(std::process::id());
    let filters = [
        // The flags of `clone3` are behind a pointer, which no filter can read. With ENOSYS, the C library falls
        // back to `clone`.
        (rules_for([libc::SYS_clone3]), errno(libc::ENOSYS), SeccompAction::Allow),
        (ended(own)?, SeccompAction::KillProcess, SeccompAction::Allow),
        (allowed()?, SeccompAction::Allow, errno(libc::EPERM)),
    ];
    for (rules, matched, other) in filters {
        let filter = SeccompFilter::new(rules, other, matched, TargetArch::try_from(ARCH)?)?;
        apply_filter(&BpfProgram::try_from(filter)?)?;
    }
    Ok(())
}

fn errno(code: i32) -> SeccompAction {
    SeccompAction::Errno(code.unsigned_abs())
}

fn rules_for(calls: impl IntoIterator<Item = c_long>) -> Rules {
    calls.into_iter().map(|call| (call, Vec::new())).collect()
}

/// A condition on the bits `mask` of an argument.
fn argument(index: u8, mask: u64, value: u64) -> Result<SeccompRule, Error> {
    let operator = SeccompCmpOp::MaskedEq(mask);
    Ok(SeccompRule::new(vec![SeccompCondition::new(index, SeccompCmpArgLen::Qword, operator, value)?])?)
}

fn either(index: u8, values: &[u64]) -> Result<Vec<SeccompRule>, Error> {
    values.iter().map(|value| argument(index, u64::from(u32::MAX), *value)).collect()
}

fn other_than(index: u8, values: &[u64]) -> Result<Vec<SeccompRule>, Error> {
    let differs =
        |value: &u64| SeccompCondition::new(index, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, *value);
    let conditions: Result<Vec<_>, _> = values.iter().map(differs).collect();
    Ok(vec![SeccompRule::new(conditions?)?])
}

/// Calls that no library makes incidentally: a process that tries one is ended, and the host reports it.
fn ended(own: u64) -> Result<Rules, Error> {
    let mut rules = rules_for([
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_pidfd_send_signal,
        libc::SYS_tkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_open_tree,
        libc::SYS_move_mount,
        libc::SYS_fsopen,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_setns,
        libc::SYS_unshare,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_setuid,
        libc::SYS_setgid,
        libc::SYS_setreuid,
        libc::SYS_setregid,
        libc::SYS_setresuid,
        libc::SYS_setresgid,
        libc::SYS_setgroups,
        libc::SYS_open_by_handle_at,
    ]);
    #[cfg(target_arch = "x86_64")]
    rules.extend(rules_for([libc::SYS_fork, libc::SYS_vfork]));
    // `abort` and `raise` signal the process itself.
    rules.insert(libc::SYS_kill, other_than(0, &[own])?);
    rules.insert(libc::SYS_tgkill, other_than(0, &[own])?);
    rules.insert(libc::SYS_clone, other_than(0, &THREAD)?);
    Ok(rules)
}

/// How glibc and musl start a thread; musl adds `CLONE_DETACHED`, which no longer has any meaning.
const THREAD: [u64; 2] = {
    let flags = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM
        | libc::CLONE_SETTLS
        | libc::CLONE_PARENT_SETTID
        | libc::CLONE_CHILD_CLEARTID;
    [flags as u64, (flags | libc::CLONE_DETACHED) as u64]
};

/// What an ordinary cog needs. Every other call fails with EPERM, as if the process had no permission.
fn allowed() -> Result<Rules, Error> {
    let mut rules = rules_for(ALLOWED.iter().copied());
    #[cfg(target_arch = "x86_64")]
    rules.extend(rules_for(ALLOWED_X86_64.iter().copied()));
    // Only private memory, which `RLIMIT_DATA` counts: neither shared memory nor a stack that grows by itself.
    // <https://man7.org/linux/man-pages/man2/mmap.2.html>
    let (private, mask) = (libc::MAP_PRIVATE as u64, (libc::MAP_TYPE | libc::MAP_GROWSDOWN) as u64);
    rules.insert(libc::SYS_mmap, vec![argument(3, mask, private)?]);
    // Neither setting who gets a signal when a descriptor is ready, nor the size of a pipe.
    let descriptors =
        [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL];
    rules.insert(libc::SYS_fcntl, either(1, &descriptors.map(|it| it as u64))?);
    let requests = [libc::TCGETS, libc::TIOCGWINSZ, libc::FIONBIO, libc::FIONREAD, libc::FIOCLEX];
    #[allow(clippy::unnecessary_cast, reason = "it is another type in musl's C library")]
    rules.insert(libc::SYS_ioctl, either(1, &requests.map(|it| it as u64))?);
    // Only stream socket pairs, for a runtime's own use: a datagram socket could send to any other socket.
    let (stream, flags) = (libc::SOCK_STREAM as u64, (libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) as u64);
    let pair = SeccompRule::new(vec![
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, libc::AF_UNIX as u64)?,
        SeccompCondition::new(1, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(!flags), stream)?,
    ])?;
    rules.insert(libc::SYS_socketpair, vec![pair]);
    // Socket buffers are memory that no limit counts.
    let buffers = [libc::SO_SNDBUF, libc::SO_RCVBUF, libc::SO_SNDBUFFORCE, libc::SO_RCVBUFFORCE];
    rules.insert(libc::SYS_setsockopt, other_than(2, &buffers.map(|option| option as u64))?);
    // Names of threads and of memory, but not `PR_SET_PDEATHSIG`, which would let it outlive the host.
    let options = [libc::PR_SET_NAME, libc::PR_GET_NAME, libc::PR_SET_VMA];
    rules.insert(libc::SYS_prctl, either(0, &options.map(|it| it as u64))?);
    // It may read its own limits, but not set them.
    let asked = SeccompRule::new(vec![
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, 0)?,
        SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?,
    ])?;
    rules.insert(libc::SYS_prlimit64, vec![asked]);
    Ok(rules)
}

const ALLOWED: [c_long; 89] = [
    // Descriptors that it has. Landlock decides what it may open.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_eventfd2,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    libc::SYS_timerfd_gettime,
    libc::SYS_openat,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_fadvise64,
    // The socket that it has, and its own pairs.
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_shutdown,
    libc::SYS_getsockopt,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    // Memory.
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_membarrier,
    // Threads.
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_rseq,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_getcpu,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    // Signals to this process only.
    libc::SYS_kill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_rt_sigsuspend,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_setitimer,
    // Time, random numbers and the machine.
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_times,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_sched_get_priority_max,
];

/// Older equivalents of some of them.
#[cfg(target_arch = "x86_64")]
const ALLOWED_X86_64: [c_long; 14] = [
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_epoll_create,
    libc::SYS_epoll_wait,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_time,
    libc::SYS_arch_prctl,
    libc::SYS_getrlimit,
];
