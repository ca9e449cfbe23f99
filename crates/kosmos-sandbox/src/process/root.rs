//! The file tree inside: a small read-only root in memory with what the policy names bound into it.

use std::{
    ffi::CString,
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use rustix::{
    io::Errno,
    mount::{
        MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change, mount_remount,
        unmount,
    },
    process::pivot_root,
};

use super::{
    mounts,
    policy::{Access, Bind, Identity, Policy},
    report::{SetupFailed, Step},
};

/// Where the host's tree is while the new one is built, and the new one.
const OLD: &str = "/old";
const NEW: &str = "/new";

const DEVICES: [&str; 4] = ["null", "zero", "full", "urandom"];
const HARMLESS: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);
const DATA: MountFlags = HARMLESS.union(MountFlags::NOEXEC);

/// Builds the tree and leaves this process, and all that it will start, with nothing else.
pub fn build(policy: &Policy) -> Result<(), SetupFailed> {
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)
        .step("keep mounts from the host")?;
    step_aside()?;
    let mut binds = Vec::new();
    skeleton(policy, &mut binds)?;
    for bind in &binds {
        let shown = bind.inside.display();
        attach(bind).step(format_args!("bind {shown}"))?;
    }
    for target in &policy.scratch_links {
        if let Some(name) = target.file_name() {
            symlink(target, Path::new(NEW).join("tmp").join(name)).step("link into /tmp")?;
        }
    }
    tighten(&binds)?;
    forget_the_host()
}

/// Moves the host's tree to [`OLD`] and makes an empty one at [`NEW`].
fn step_aside() -> Result<(), SetupFailed> {
    // Any folder will do: it is covered for a moment, in this namespace only.
    let base = Path::new(if Path::new("/tmp").is_dir() { "/tmp" } else { "/usr" });
    tmpfs(base, HARMLESS, "mode=0755,size=1m").step("mount a base")?;
    fs::create_dir(base.join("old")).step("make /old")?;
    fs::create_dir(base.join("new")).step("make /new")?;
    pivot_root(base, base.join("old")).step("leave the host's root")?;
    std::env::set_current_dir("/").step("leave the host's root")?;
    tmpfs(Path::new(NEW), HARMLESS, "mode=0755,size=4m").step("mount the root")
}

/// Makes the folders, links and filesystems, and lists what is to be bound.
fn skeleton(policy: &Policy, binds: &mut Vec<Bind>) -> Result<(), SetupFailed> {
    let new = Path::new(NEW);
    for name in ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
        let host = Path::new("/").join(name);
        let seen = in_old(&host);
        if let Ok(target) = fs::read_link(&seen) {
            symlink(target, new.join(name)).step(format_args!("link /{name}"))?;
        } else if seen.is_dir() {
            binds.push(same(host, Access::Execute));
        }
    }
    for name in ["ld.so.cache", "alternatives"] {
        let host = Path::new("/etc").join(name);
        let kind = fs::symlink_metadata(in_old(&host)).map(|found| found.file_type());
        if kind.is_ok_and(|kind| !kind.is_symlink()) {
            binds.push(same(host, Access::Execute));
        }
    }
    fs::create_dir_all(new.join("etc")).step("make /etc")?;
    let id = Identity::INSIDE;
    let user = format!("nobody:x:{id}:{id}::/tmp:/nonexistent\n");
    fs::write(new.join("etc/passwd"), user).step("write /etc/passwd")?;
    let group = format!("nogroup:x:{id}:\n");
    fs::write(new.join("etc/group"), group).step("write /etc/group")?;

    folder("dev")?;
    for name in DEVICES {
        binds.push(same(Path::new("/dev").join(name), Access::Device));
    }
    for (link, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        symlink(target, new.join("dev").join(link)).step("link /dev/fd")?;
    }
    let scratch = format!("mode=1777,size={},nr_inodes=4096", policy.tmp_bytes);
    for name in ["tmp", "dev/shm"] {
        folder(name)?;
        tmpfs(&new.join(name), DATA, &scratch).step(format_args!("mount /{name}"))?;
    }
    folder("proc")?;
    mount_proc(&new.join("proc")).step("mount /proc")?;
    folder("run")?;
    binds.extend(policy.binds.iter().cloned());
    Ok(())
}

fn folder(name: &str) -> Result<(), SetupFailed> {
    fs::create_dir_all(Path::new(NEW).join(name)).step(format_args!("make /{name}"))
}

/// Only this namespace's own processes, nothing of the kernel's settings; older kernels know fewer
/// options.
fn mount_proc(at: &Path) -> rustix::io::Result<()> {
    let flags = DATA | MountFlags::RDONLY;
    let mut last = Errno::INVAL;
    for options in [c"subset=pid,hidepid=invisible", c"hidepid=2", c""] {
        match mount("proc", at, "proc", flags, options) {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn tmpfs(at: &Path, flags: MountFlags, options: &str) -> io::Result<()> {
    let options = CString::new(options)?;
    Ok(mount("tmpfs", at, "tmpfs", flags, options.as_c_str())?)
}

fn same(path: PathBuf, access: Access) -> Bind {
    Bind {
        host: path.clone(),
        inside: path,
        access,
    }
}

fn in_old(host: &Path) -> PathBuf {
    Path::new(OLD).join(host.strip_prefix("/").unwrap_or(host))
}

fn in_new(inside: &Path) -> PathBuf {
    Path::new(NEW).join(inside.strip_prefix("/").unwrap_or(inside))
}

fn attach(bind: &Bind) -> io::Result<()> {
    let (source, target) = (in_old(&bind.host), in_new(&bind.inside));
    let kind = fs::symlink_metadata(&source)?.file_type();
    if kind.is_symlink() {
        return Err(io::Error::other("it has become a link"));
    }
    if kind.is_dir() {
        fs::create_dir_all(&target)?;
    } else if !target.exists() {
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).open(&target)?;
        fs::set_permissions(&target, fs::Permissions::from_mode(0o444))?;
    }
    Ok(mount_bind_recursive(&source, &target)?)
}

/// Sets the flags of every bind and of every mount beneath it, keeping those it has.
fn tighten(binds: &[Bind]) -> Result<(), SetupFailed> {
    let table = fs::read_to_string(format!("{OLD}/proc/self/mountinfo")).step("list mounts")?;
    for found in mounts::parse(&table) {
        let Ok(inside) = found.point.strip_prefix(NEW) else {
            continue;
        };
        let inside = Path::new("/").join(inside);
        let covering = binds
            .iter()
            .filter(|bind| inside.starts_with(&bind.inside))
            .max_by_key(|bind| bind.inside.as_os_str().len());
        let Some(bind) = covering else {
            continue;
        };
        let wanted = match bind.access {
            Access::Execute => HARMLESS | MountFlags::RDONLY,
            Access::Read => DATA | MountFlags::RDONLY,
            Access::Write => DATA,
            Access::Device => MountFlags::NOSUID | MountFlags::NOEXEC,
        };
        remount(&found.point, found.flags | wanted).step(format_args!("protect {}", inside.display()))?;
    }
    Ok(())
}

fn remount(at: &Path, flags: MountFlags) -> rustix::io::Result<()> {
    mount_remount(at, MountFlags::BIND | flags, c"")
}

/// Takes the host's tree away for good and makes the new one the root.
fn forget_the_host() -> Result<(), SetupFailed> {
    unmount(OLD, UnmountFlags::DETACH).step("detach the host's tree")?;
    std::env::set_current_dir(NEW).step("enter the root")?;
    // The base is put on top of the new root by this, and is then taken away from there.
    pivot_root(".", ".").step("change the root")?;
    unmount(".", UnmountFlags::DETACH).step("detach the base")?;
    std::env::set_current_dir("/").step("enter the root")?;
    remount(Path::new("/"), HARMLESS | MountFlags::RDONLY).step("protect the root")
}
