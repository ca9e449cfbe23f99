//! Builds the file tree inside: a small read-only root in memory, into which the policy's files and folders are bound.

use std::{
    ffi::CString,
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{PermissionsExt, lchown, symlink},
    path::{Path, PathBuf},
};

use rustix::{
    io::Errno,
    mount::{
        MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind as mount_bind_one, mount_bind_recursive,
        mount_change, mount_remount, unmount,
    },
    process::pivot_root,
};

use super::{
    mounts,
    policy::{Access, Bind, Identity, LaunchPolicy},
    report::{NameStep, SetupFailed},
};

/// The paths of the host's tree and of the new one while that is built.
const OLD: &str = "/old";
const NEW: &str = "/new";

/// Where an overlay is for a moment, and the second of its two folders.
const VIEW: &str = "/view";
const EMPTY: &str = "/empty";

/// Where folders of the host are mounted whose paths name the user; a link leads here from there.
const NEUTRAL: &str = "/opt/kosmos";

const DEVICES: [&str; 4] = ["null", "zero", "full", "urandom"];
const HARMLESS: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);
const DATA: MountFlags = HARMLESS.union(MountFlags::NOEXEC);

/// Builds the tree, which replaces the host's for this process and its future children.
pub fn build_root(policy: &LaunchPolicy) -> Result<(), SetupFailed> {
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)
        .in_step("keep mounts from the host")?;
    move_host_tree_aside()?;
    let mut binds = Vec::new();
    build_skeleton(policy, &mut binds)?;
    for bind in &binds {
        mount_bind(bind).in_step(format_args!("bind {}", bind.inside.display()))?;
    }
    for (number, bind) in policy.binds.iter().enumerate() {
        // Not every kernel and filesystem can do the first.
        mount_view(bind, number)
            .or_else(|_| mount_bind(bind))
            .in_step(format_args!("bind {}", bind.inside.display()))?;
    }
    binds.extend(policy.binds.iter().cloned());
    for target in &policy.scratch_links {
        if let Some(name) = target.file_name() {
            symlink(target, Path::new(NEW).join("tmp").join(name)).in_step("link into /tmp")?;
        }
    }
    mount_workspace(policy)?;
    protect_mounts(&binds)?;
    detach_host_tree()
}

/// Mounts the workspace and copies into it what the host's folder holds.
fn mount_workspace(policy: &LaunchPolicy) -> Result<(), SetupFailed> {
    let plan = &policy.workspace;
    let at = in_new(&plan.inside);
    fs::create_dir_all(&at).in_step("make the workspace")?;
    let id = Identity::INSIDE;
    // 0 would mean no limit to the kernel. The folder itself is one of the files.
    let (bytes, files) = (plan.bytes.max(1), plan.files.saturating_add(1));
    let options = format!("mode=0700,uid={id},gid={id},size={bytes},nr_inodes={files}");
    mount_tmpfs(&at, DATA, &options).in_step("mount the workspace")?;
    let owner = (!policy.identity.is_mapped()).then_some(id);
    copy_into(&in_old(&plan.host), &at, owner).in_step("copy into the workspace")
}

/// Copies files, folders and links, which are given to `owner` if that is not this process's user.
fn copy_into(from: &Path, to: &Path, owner: Option<u32>) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, path, target) = (entry.file_type()?, entry.path(), to.join(entry.file_name()));
        if kind.is_dir() {
            fs::create_dir(&target)?;
            copy_into(&path, &target, owner)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&path)?, &target)?;
        } else if kind.is_file() {
            fs::copy(&path, &target)?;
        } else {
            continue;
        }
        if owner.is_some() {
            lchown(&target, owner, owner)?;
        }
    }
    Ok(())
}

/// Moves the host's tree to [`OLD`] and makes an empty one at [`NEW`].
fn move_host_tree_aside() -> Result<(), SetupFailed> {
    // Any folder can be used: it is covered for a moment, in this namespace only.
    let base = Path::new(if Path::new("/tmp").is_dir() { "/tmp" } else { "/usr" });
    mount_tmpfs(base, HARMLESS, "mode=0755,size=1m").in_step("mount a base")?;
    fs::create_dir(base.join("old")).in_step("make /old")?;
    fs::create_dir(base.join("new")).in_step("make /new")?;
    for name in [VIEW, EMPTY] {
        fs::create_dir(base.join(name.trim_start_matches('/'))).in_step(format_args!("make {name}"))?;
    }
    pivot_root(base, base.join("old")).in_step("leave the host's root")?;
    std::env::set_current_dir("/").in_step("leave the host's root")?;
    mount_tmpfs(Path::new(NEW), HARMLESS, "mode=0755,size=4m").in_step("mount the root")
}

/// Makes the folders, links and filesystems, and lists the binds.
fn build_skeleton(policy: &LaunchPolicy, binds: &mut Vec<Bind>) -> Result<(), SetupFailed> {
    let new = Path::new(NEW);
    let top = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"].map(PathBuf::from);
    for host in policy.system.iter().chain(&top) {
        let seen = in_old(host);
        if let Ok(target) = fs::read_link(&seen) {
            let link = in_new(host);
            let made = link.parent().map_or(Ok(()), fs::create_dir_all);
            made.and_then(|()| symlink(target, &link))
                .in_step(format_args!("link {}", host.display()))?;
        } else if seen.is_dir() {
            binds.push(same_path_bind(host.clone(), Access::Execute));
        }
    }
    for name in ["ld.so.cache", "alternatives"] {
        let host = Path::new("/etc").join(name);
        let kind = fs::symlink_metadata(in_old(&host)).map(|found| found.file_type());
        if kind.is_ok_and(|kind| !kind.is_symlink()) {
            binds.push(same_path_bind(host, Access::Execute));
        }
    }
    fs::create_dir_all(new.join("etc")).in_step("make /etc")?;
    let id = Identity::INSIDE;
    let user = format!("nobody:x:{id}:{id}::/tmp:/nonexistent\n");
    fs::write(new.join("etc/passwd"), user).in_step("write /etc/passwd")?;
    let group = format!("nogroup:x:{id}:\n");
    fs::write(new.join("etc/group"), group).in_step("write /etc/group")?;

    create_folder("dev")?;
    for name in DEVICES {
        binds.push(same_path_bind(Path::new("/dev").join(name), Access::Device));
    }
    for (link, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        symlink(target, new.join("dev").join(link)).in_step("link /dev/fd")?;
    }
    let scratch = format!("mode=1777,size={},nr_inodes=4096", policy.tmp_bytes);
    for name in ["tmp", "dev/shm"] {
        create_folder(name)?;
        mount_tmpfs(&new.join(name), DATA, &scratch).in_step(format_args!("mount /{name}"))?;
    }
    create_folder("proc")?;
    mount_proc(&new.join("proc")).in_step("mount /proc")?;
    create_folder("run")
}

fn create_folder(name: &str) -> Result<(), SetupFailed> {
    fs::create_dir_all(Path::new(NEW).join(name)).in_step(format_args!("make /{name}"))
}

/// Mounts `/proc` with this namespace's processes only and without the kernel's settings; older kernels support fewer
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

fn mount_tmpfs(at: &Path, flags: MountFlags, options: &str) -> io::Result<()> {
    let options = CString::new(options)?;
    Ok(mount("tmpfs", at, "tmpfs", flags, options.as_c_str())?)
}

fn same_path_bind(path: PathBuf, access: Access) -> Bind {
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

fn mount_bind(bind: &Bind) -> io::Result<()> {
    let (source, target) = (in_old(&bind.host), in_new(&bind.inside));
    let kind = fs::symlink_metadata(&source)?.file_type();
    if kind.is_symlink() {
        return Err(io::Error::other("it was replaced by a link"));
    }
    if kind.is_dir() {
        fs::create_dir_all(&target)?;
    } else {
        make_mount_file(&target)?;
    }
    Ok(mount_bind_recursive(&source, &target)?)
}

/// Mounts a file or folder of the host by an overlay of its folder. The kernel's list of mounts, which a script can
/// read, then says nothing of where it is on the host, and a lock on it is a lock in this sandbox only.
fn mount_view(bind: &Bind, number: usize) -> io::Result<()> {
    let source = in_old(&bind.host);
    let kind = fs::symlink_metadata(&source)?.file_type();
    let place = if bind.inside.starts_with("/run") {
        bind.inside.clone()
    } else {
        Path::new(NEUTRAL).join(number.to_string())
    };
    let mount_point = in_new(&place);
    let flags = match bind.access {
        Access::Execute => HARMLESS | MountFlags::RDONLY,
        Access::Read => DATA | MountFlags::RDONLY,
        Access::Device => return Err(Errno::INVAL.into()),
    };
    if kind.is_dir() {
        // A name that was once missed would stay missing, and the user may add files to a folder of data.
        if bind.access == Access::Read {
            return Err(Errno::INVAL.into());
        }
        fs::create_dir_all(&mount_point)?;
        mount_overlay(&source, &mount_point, flags)?;
    } else if let (true, Some(folder), Some(name)) = (kind.is_file(), source.parent(), source.file_name()) {
        make_mount_file(&mount_point)?;
        mount_overlay(folder, Path::new(VIEW), flags)?;
        let bound = mount_bind_one(Path::new(VIEW).join(name), &mount_point);
        unmount(VIEW, UnmountFlags::DETACH)?;
        bound?;
    } else {
        return Err(Errno::INVAL.into());
    }
    if place != bind.inside {
        let link = in_new(&bind.inside);
        link.parent().map_or(Ok(()), fs::create_dir_all)?;
        symlink(&place, &link)?;
    }
    Ok(())
}

/// Mounts a read-only view of `folder`. It is named by its place in the current folder, because the kernel shows the
/// name.
fn mount_overlay(folder: &Path, at: &Path, flags: MountFlags) -> io::Result<()> {
    let options = CString::new(format!("lowerdir=.:{EMPTY},xino=off"))?;
    std::env::set_current_dir(folder)?;
    let mounted = mount("overlay", at, "overlay", flags, options.as_c_str());
    std::env::set_current_dir("/")?;
    Ok(mounted?)
}

/// Makes an empty file for a file to be mounted on, unless there is one.
fn make_mount_file(at: &Path) -> io::Result<()> {
    if at.exists() {
        return Ok(());
    }
    if let Some(parent) = at.parent() {
        fs::create_dir_all(parent)?;
    }
    OpenOptions::new().write(true).create_new(true).open(at)?;
    fs::set_permissions(at, fs::Permissions::from_mode(0o444))
}

/// Adds the flags of its access to every bind and to every mount beneath it.
fn protect_mounts(binds: &[Bind]) -> Result<(), SetupFailed> {
    let table = fs::read_to_string(format!("{OLD}/proc/self/mountinfo")).in_step("list mounts")?;
    for found in mounts::parse_mountinfo(&table) {
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
            Access::Device => MountFlags::NOSUID | MountFlags::NOEXEC,
        };
        remount(&found.point, found.flags | wanted).in_step(format_args!("protect {}", inside.display()))?;
    }
    Ok(())
}

fn remount(at: &Path, flags: MountFlags) -> rustix::io::Result<()> {
    mount_remount(at, MountFlags::BIND | flags, c"")
}

/// Detaches the host's tree for good and makes the new one the root.
fn detach_host_tree() -> Result<(), SetupFailed> {
    unmount(OLD, UnmountFlags::DETACH).in_step("detach the host's tree")?;
    std::env::set_current_dir(NEW).in_step("enter the root")?;
    // This mounts the base on top of the new root, from where it is detached next.
    pivot_root(".", ".").in_step("change the root")?;
    unmount(".", UnmountFlags::DETACH).in_step("detach the base")?;
    std::env::set_current_dir("/").in_step("enter the root")?;
    remount(Path::new("/"), HARMLESS | MountFlags::RDONLY).in_step("protect the root")
}
