//! Reads the table of mounts, to restrict each one that a bind has added.

use std::{ffi::OsString, os::unix::ffi::OsStringExt, path::PathBuf};

use rustix::mount::MountFlags;

/// One mount as the kernel lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountPoint {
    /// The path within its filesystem that is mounted.
    pub root: PathBuf,
    /// Where it is mounted.
    pub point: PathBuf,
    /// Its flags, to which an unprivileged user may add but from which it may not remove.
    pub flags: MountFlags,
    /// The filesystem's kind.
    pub kind: String,
    /// The filesystem's own options, separated by commas.
    pub options: String,
}

/// Reads the text of `/proc/<pid>/mountinfo`, see proc_pid_mountinfo(5). Lines of an unknown form are skipped.
pub fn parse_mountinfo(text: &str) -> Vec<MountPoint> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<MountPoint> {
    let (own, filesystem) = line.split_once(" - ")?;
    let mut own = own.split(' ').skip(3);
    let root = unescape_octal(own.next()?);
    let point = unescape_octal(own.next()?);
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
    Some(MountPoint {
        root,
        point,
        flags,
        kind,
        options,
    })
}

/// Decodes the kernel's octal escapes, such as `\040` for a space.
fn unescape_octal(text: &str) -> PathBuf {
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
        let mounts = parse_mountinfo(text);
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
