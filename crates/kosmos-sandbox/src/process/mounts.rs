//! The table of mounts, read to tighten each one that a bind has brought in.

use std::{ffi::OsString, os::unix::ffi::OsStringExt, path::PathBuf};

use rustix::mount::MountFlags;

/// One mount as the kernel lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The path within its filesystem that is mounted.
    pub root: PathBuf,
    /// Where it is mounted.
    pub point: PathBuf,
    /// Its own flags, which an unprivileged user may add to but not take from.
    pub flags: MountFlags,
    /// The filesystem's kind.
    pub kind: String,
    /// The filesystem's own options, separated by commas.
    pub options: String,
}

/// Reads the text of `/proc/<pid>/mountinfo`, see proc_pid_mountinfo(5). Lines that are not understood
/// are left out.
pub fn parse(text: &str) -> Vec<Mount> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Mount> {
    let (own, filesystem) = line.split_once(" - ")?;
    let mut own = own.split(' ').skip(3);
    let root = unescape(own.next()?);
    let point = unescape(own.next()?);
    let mut flags = MountFlags::empty();
    for option in own.next()?.split(',') {
        flags |= match option {
            "ro" => MountFlags::RDONLY,
            "nosuid" => MountFlags::NOSUID,
            "nodev" => MountFlags::NODEV,
            "noexec" => MountFlags::NOEXEC,
            _ => continue,
        };
    }
    let mut filesystem = filesystem.split(' ');
    let kind = filesystem.next()?.to_owned();
    let options = filesystem.nth(1).unwrap_or_default().to_owned();
    Some(Mount {
        root,
        point,
        flags,
        kind,
        options,
    })
}

/// Undoes the kernel's `\040` for a space and its like.
fn unescape(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octal = after
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match octal {
            Some(byte) if first == b'\\' => {
                bytes.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_their_escapes() {
        let text = "36 35 98:0 /m1 /a\\040b rw,noexec,relatime master:1 - ext3 /dev/root rw,errors=x\n\
                    junk\n\
                    40 35 0:22 / / ro,nosuid,nodev - tmpfs tmpfs rw\n";
        let mounts = parse(text);
        assert_eq!(mounts.len(), 2);
        assert_eq!(mounts[0].point, PathBuf::from("/a b"));
        assert_eq!(mounts[0].root, PathBuf::from("/m1"));
        assert_eq!(mounts[0].flags, MountFlags::NOEXEC);
        assert_eq!(mounts[0].kind, "ext3");
        assert_eq!(mounts[0].options, "rw,errors=x");
        assert_eq!(
            mounts[1].flags,
            MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV
        );
    }
}
