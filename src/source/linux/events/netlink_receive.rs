//! Receives many messages of the kernel at once from a netlink(7) socket.

use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno as NixErrno;
use nix::sys::socket::{MsgFlags, MultiHeaders, NetlinkAddr, recvmmsg};
use rustix::io::Errno;

/// What a call has received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Received {
    /// All that was there.
    All,
    /// Some, and there may be more.
    Some,
    /// The kernel has dropped events, because the buffer was full.
    Lost,
}

/// Receives the messages of the kernel that are there, in the order of its queue, without waiting: at
/// most one for each buffer.
pub(super) fn receive<const LEN: usize>(
    socket: &OwnedFd,
    buffers: &mut [[u8; LEN]],
    take: &mut dyn FnMut(&[u8]),
) -> Result<Received, Errno> {
    let most = buffers.len();
    let mut headers = MultiHeaders::<NetlinkAddr>::preallocate(most, None);
    let mut slices: Vec<[IoSliceMut<'_>; 1]> = buffers
        .iter_mut()
        .map(|buffer| [IoSliceMut::new(buffer)])
        .collect();
    let messages = recvmmsg(
        socket.as_raw_fd(),
        &mut headers,
        slices.iter_mut(),
        MsgFlags::MSG_DONTWAIT,
        None,
    );
    match messages {
        Ok(messages) => {
            let mut count = 0;
            for message in messages {
                count += 1;
                // Port 0 is the kernel. Another program with rights could send too.
                if message.address.is_some_and(|from| from.pid() == 0) {
                    message.iovs().next().into_iter().for_each(&mut *take);
                }
            }
            Ok(match count < most {
                true => Received::All,
                false => Received::Some,
            })
        }
        Err(NixErrno::ENOBUFS) => Ok(Received::Lost),
        Err(NixErrno::EAGAIN | NixErrno::EINTR) => Ok(Received::All),
        Err(errno) => Err(Errno::from_raw_os_error(errno as i32)),
    }
}
