//! File descriptors: closes inherited ones to everything inside, and sends those that are meant for it.

use std::{
    fs, io,
    io::{IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    io::{Errno, FdFlags, fcntl_setfd},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
        recvmsg, sendmsg,
    },
};

/// The byte that is sent with descriptors, which cannot be sent alone.
pub const READY: u8 = b'R';

/// The byte that process 1 sends with the descriptor of the workspace.
pub const WORKSPACE: u8 = b'W';

/// Maximum number of descriptors in one message.
const MOST: usize = 8;

/// Marks all descriptors except for the three standard ones to be closed when another program is started.
///
/// A shell or a service manager may have started Kosmos with descriptors open, which it does not know of
/// and would otherwise pass on.
pub fn close_on_exec() -> io::Result<()> {
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

/// Sends [`READY`] and `descriptors` through a socket.
pub fn send_ready(socket: impl AsFd, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    send_with_bytes(socket, &[READY], descriptors).map(drop)
}

/// Sends the beginning of `bytes`, which must not be empty, and `descriptors` through a socket. Returns the number of
/// bytes sent; the descriptors are sent with the first.
pub fn send_with_bytes(socket: impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::other("too many descriptors for one message"));
    }
    loop {
        // A closed peer is reported as an error instead of a signal.
        match sendmsg(&socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL) {
            Ok(sent) => return Ok(sent),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads from a socket, with the descriptors that were sent.
pub fn receive_with_descriptors(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(buffer)];
    let received = recvmsg(&socket, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut found = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            found.extend(descriptors);
        }
    }
    Ok((received.bytes, found))
}

/// Reads a line from a blocking socket, with the descriptors that were sent. Nothing may follow the line before it is
/// answered.
pub fn receive_line(socket: impl AsFd) -> io::Result<(String, Vec<OwnedFd>)> {
    let (mut line, mut found) = (Vec::new(), Vec::new());
    let mut buffer = [0; 4096];
    while !line.ends_with(b"\n") {
        let (n, descriptors) = match receive_with_descriptors(&socket, &mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if n == 0 {
            break;
        }
        line.extend_from_slice(buffer.get(..n).unwrap_or_default());
        found.extend(descriptors);
    }
    let line = String::from_utf8(line).map_err(io::Error::other)?;
    Ok((line, found))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        os::unix::net::UnixStream,
    };

    use super::*;

    #[test]
    fn descriptors_arrive_with_a_line_of_any_length() {
        for length in [1, 5000, 1 << 20] {
            let (mut ours, theirs) = UnixStream::pair().unwrap();
            let (mut reader, writer) = io::pipe().unwrap();
            let line = format!("{}\n", "x".repeat(length));
            let text = line.clone();
            let sending = std::thread::spawn(move || {
                let sent = send_with_bytes(&ours, text.as_bytes(), &[writer.as_fd()]).unwrap();
                ours.write_all(&text.as_bytes()[sent..]).unwrap();
            });
            let (received, mut found) = receive_line(&theirs).unwrap();
            sending.join().unwrap();
            assert_eq!((received == line, found.len()), (true, 1));
            let mut arrived = std::fs::File::from(found.remove(0));
            arrived.write_all(b"through").unwrap();
            drop(arrived);
            let mut said = String::new();
            reader.read_to_string(&mut said).unwrap();
            assert_eq!(said, "through");
        }
    }

    #[test]
    fn a_peer_that_goes_ends_the_line() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.write_all(b"half").unwrap();
        drop(ours);
        assert_eq!(receive_line(&theirs).unwrap().0, "half");
    }
}
