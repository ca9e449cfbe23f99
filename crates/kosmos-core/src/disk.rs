//! Failures of the disk that holds a run, in contrast to those of one file on it.

use std::{
    io::{self, ErrorKind},
    path::PathBuf,
};

/// The disk refused an operation on a file of a run. The run stops, and continues once the disk works again.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub struct DiskFault {
    /// The operation, as a verb.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// The system's error.
    pub source: io::Error,
}

impl DiskFault {
    /// The remedy.
    pub fn help(&self) -> String {
        let first = match self.source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space on that disk",
            ErrorKind::ReadOnlyFilesystem => "mount that disk writable again",
            ErrorKind::PermissionDenied => "let the user who runs kosmos write to that folder again",
            _ => "check that disk (`dmesg` may say more)",
        };
        format!("{first}; `kosmos resume` then continues the run, and no finished work is lost")
    }
}

/// Linux's numbers of the errors of a device that [`ErrorKind`] has no name for: EIO, ENXIO, ENODEV, EBADMSG, EUCLEAN
/// and EREMOTEIO.
const DEVICE_ERRORS: [i32; 6] = [5, 6, 19, 74, 117, 121];

/// Returns true if `error` comes from the disk as a whole: it is full, fails, is read-only, or refuses the user.
///
/// A file that is missing, or has another type than expected, is not a fault of the disk.
pub fn is_disk_fault(error: &io::Error) -> bool {
    let by_kind = matches!(
        error.kind(),
        ErrorKind::PermissionDenied
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::StaleNetworkFileHandle
            | ErrorKind::TimedOut
    );
    by_kind
        || error
            .raw_os_error()
            .is_some_and(|number| DEVICE_ERRORS.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_fail_and_files_are_missing() {
        let fault = |number: i32| is_disk_fault(&io::Error::from_raw_os_error(number));
        // EPERM, EIO, EACCES, ENOSPC, EROFS, EDQUOT, ESTALE, EUCLEAN
        for number in [1, 5, 13, 28, 30, 122, 116, 117] {
            assert!(fault(number), "{number}");
        }
        // ENOENT, EEXIST, ENOTDIR, EISDIR, EINVAL, EMFILE, ENAMETOOLONG, ENOTEMPTY
        for number in [2, 17, 20, 21, 22, 24, 36, 39] {
            assert!(!fault(number), "{number}");
        }
    }

    #[test]
    fn the_remedy_follows_from_the_error() {
        for (number, words) in [(28, "space"), (30, "writable"), (13, "user"), (1, "user"), (5, "disk")] {
            let fault = DiskFault {
                action: "write",
                path: "run/file".into(),
                source: io::Error::from_raw_os_error(number),
            };
            assert!(fault.help().contains(words), "{}", fault.help());
            assert_eq!(fault.to_string(), "cannot write run/file");
        }
    }
}
