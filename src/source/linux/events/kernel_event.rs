//! Parses the messages of the kernel's process connector (include/uapi/linux/cn_proc.h).

/// An event of a process or thread, or an answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KernelEvent {
    /// Counts the events of a CPU. Answers have the number of their request.
    pub(super) seq: u32,
    /// CPU on which it happened.
    pub(super) cpu: u32,
    /// When it happened, in nanoseconds of CLOCK_MONOTONIC.
    pub(super) at_ns: u64,
    pub(super) what: What,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The answer to a request. `cookie` is that of the request plus one.
    Answer { error: u32, cookie: u32 },
    /// A process or, if `tid` is not `pid`, a thread was started.
    Fork { parent: u32, tid: u32, pid: u32 },
    /// A process has called `exec`.
    Exec { pid: u32 },
    /// A thread has ended. `status` has the form of wait(2).
    Exit {
        tid: u32,
        pid: u32,
        status: u32,
        /// Another process can have had the pid when this was reported: the event names no parent, as
        /// `proc_exit_connector` (drivers/connector/cn_proc.c) does when the thread is released.
        is_released: bool,
    },
    /// Another change, such as of the user.
    Other,
}

/// `PROC_EVENT_EXEC`, also the bit of a filter.
pub(super) const EXEC: u32 = 2;

const FORK: u32 = 1;
/// `PROC_EVENT_EXIT`, also the bit of a filter.
pub(super) const EXIT: u32 = 0x8000_0000;

/// `PROC_CN_MCAST_LISTEN` and `PROC_CN_MCAST_IGNORE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Listen = 1,
    Ignore = 2,
}

/// `CN_IDX_PROC` and `CN_VAL_PROC`.
const ID: [u32; 2] = [1, 1];

/// Builds a request. A filter selects the kinds of event (Linux 6.6).
pub(super) fn request(request: Request, filter: Option<u32>, cookie: u32) -> Vec<u8> {
    const HEADERS_LEN: u32 = 16 + 20;
    /// `NLMSG_DONE`.
    const DONE: u16 = 3;
    let body = [Some(request as u32), filter];
    let body_len: u16 = if filter.is_some() { 8 } else { 4 };
    let mut message = Vec::with_capacity(44);
    let mut put = |bytes: &[u8]| message.extend_from_slice(bytes);
    // struct nlmsghdr: length, type, flags, sequence, port.
    put(&(HEADERS_LEN + u32::from(body_len)).to_ne_bytes());
    put(&DONE.to_ne_bytes());
    put(&[0; 10]);
    // struct cn_msg: id, sequence, ack, length, flags.
    for number in [ID[0], ID[1], 0, cookie] {
        put(&number.to_ne_bytes());
    }
    put(&body_len.to_ne_bytes());
    put(&[0; 2]);
    for number in body.into_iter().flatten() {
        put(&number.to_ne_bytes());
    }
    message
}

impl KernelEvent {
    /// Returns whether a process or thread was started.
    pub(super) fn is_fork(&self) -> bool {
        matches!(self.what, What::Fork { .. })
    }

    /// Parses a message; `None` if it is not one of the process connector.
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u32::from_ne_bytes(*message.get(at..)?.first_chunk()?));
        if [number(16)?, number(20)?] != ID {
            return None;
        }
        let what = match number(36)? {
            0 => What::Answer {
                error: number(52)?,
                cookie: number(28)?,
            },
            FORK => What::Fork {
                parent: number(56)?,
                tid: number(60)?,
                pid: number(64)?,
            },
            EXEC => What::Exec { pid: number(56)? },
            EXIT => What::Exit {
                tid: number(52)?,
                pid: number(56)?,
                status: number(60)?,
                // Older kernels (before 4.18) do not report it.
                is_released: number(68).unwrap_or(0) == 0,
            },
            _ => What::Other,
        };
        Some(Self {
            seq: number(24)?,
            cpu: number(40)?,
            at_ns: u64::from_ne_bytes(*message.get(44..)?.first_chunk()?),
            what,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(kind: u32, data: &[u32]) -> Vec<u8> {
        let mut message = request(Request::Listen, None, 7);
        message.truncate(36);
        message[24..28].copy_from_slice(&5_u32.to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend(1_u32.to_ne_bytes());
        message.extend(123_456_789_012_u64.to_ne_bytes());
        message.extend(data.iter().flat_map(|number| number.to_ne_bytes()));
        message
    }

    fn parsed(kind: u32, data: &[u32]) -> What {
        let event = KernelEvent::parse(&message(kind, data)).expect("it is complete");
        assert_eq!((event.seq, event.cpu, event.at_ns), (5, 1, 123_456_789_012));
        event.what
    }

    #[test]
    fn every_kind_is_parsed() {
        let fork = What::Fork {
            parent: 2,
            tid: 3,
            pid: 4,
        };
        assert_eq!(parsed(FORK, &[1, 2, 3, 4]), fork);
        assert_eq!(parsed(EXEC, &[3, 4]), What::Exec { pid: 4 });
        let exit = What::Exit {
            tid: 3,
            pid: 4,
            status: 0x8b,
            is_released: false,
        };
        assert_eq!(parsed(EXIT, &[3, 4, 0x8b, 17, 1, 1]), exit);
        let released = What::Exit {
            tid: 3,
            pid: 4,
            status: 0x8b,
            is_released: true,
        };
        // The second one is of an old kernel.
        assert_eq!(parsed(EXIT, &[3, 4, 0x8b, 17, 0, 0]), released);
        assert_eq!(parsed(EXIT, &[3, 4, 0x8b, 17]), released);
        let answer = What::Answer {
            error: 1,
            cookie: 7,
        };
        assert_eq!(parsed(0, &[1]), answer);
        assert_eq!(parsed(0x200, &[3, 4]), What::Other);
    }

    #[test]
    fn other_messages_are_refused() {
        let mut other = message(FORK, &[1, 2, 3, 4]);
        other[16] ^= 1;
        assert_eq!(KernelEvent::parse(&other), None);
        assert_eq!(KernelEvent::parse(&message(EXIT, &[3, 4])), None);
    }

    #[test]
    fn a_request_has_its_length() {
        for filter in [None, Some(EXEC)] {
            let message = request(Request::Listen, filter, 1);
            let len = u32::from_ne_bytes(*message.first_chunk().expect("a length"));
            assert_eq!(message.len(), len as usize);
        }
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(kind: u32, data: Vec<u32>, len in 0..100_usize) {
            let mut message = message(kind, &data);
            message.truncate(len);
            let _ = KernelEvent::parse(&message);
        }
    }
}
