//! Builds and parses messages of generic netlink (include/uapi/linux/genetlink.h).

/// `GENL_ID_CTRL`, which finds families by name.
pub(super) const CONTROL: u16 = 16;

/// `CTRL_CMD_GETFAMILY`, `CTRL_ATTR_FAMILY_ID` and `CTRL_ATTR_FAMILY_NAME`.
pub(super) const GET_FAMILY: u8 = 3;
pub(super) const FAMILY_ID: u16 = 1;
pub(super) const FAMILY_NAME: u16 = 2;

/// Length of `struct nlmsghdr` and `struct genlmsghdr`.
const HEADERS_LEN: usize = 16 + 4;

/// `NLMSG_ERROR`, which is also the form of an acknowledgement.
const ERROR: u16 = 2;

/// `NLM_F_REQUEST` and `NLM_F_ACK`.
const REQUEST: u16 = 1;
const ACK: u16 = 4;

/// A message of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message<'a> {
    /// The answer to the request of this number: 0, or the negative number of an error.
    Answer { request: u32, error: i32 },
    /// Attributes of a family.
    Data { family: u16, attributes: &'a [u8] },
}

/// Builds a request with one attribute that the kernel answers.
pub(super) fn request(
    family: u16,
    command: u8,
    number: u32,
    (kind, value): (u16, &[u8]),
) -> Vec<u8> {
    let attribute_len = 4 + value.len();
    let len = HEADERS_LEN + attribute_len.next_multiple_of(4);
    let mut message = Vec::with_capacity(len);
    let mut put = |bytes: &[u8]| message.extend_from_slice(bytes);
    // struct nlmsghdr: length, type, flags, sequence, port.
    put(&(len as u32).to_ne_bytes());
    put(&family.to_ne_bytes());
    put(&(REQUEST | ACK).to_ne_bytes());
    put(&number.to_ne_bytes());
    put(&[0; 4]);
    // struct genlmsghdr: command, version, reserved.
    put(&[command, 1, 0, 0]);
    // struct nlattr: length, type.
    put(&(attribute_len as u16).to_ne_bytes());
    put(&kind.to_ne_bytes());
    put(value);
    message.resize(len, 0);
    message
}

impl<'a> Message<'a> {
    /// Parses a message; `None` if it is incomplete.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let len = usize::try_from(number(bytes, 0)?).ok()?;
        let bytes = bytes.get(..len)?;
        Some(match short(bytes, 4)? {
            ERROR => Self::Answer {
                request: number(bytes, 8)?,
                error: number(bytes, 16)?.cast_signed(),
            },
            family => Self::Data {
                family,
                attributes: bytes.get(HEADERS_LEN..)?,
            },
        })
    }
}

/// Iterates over attributes: their kind and value. It ends at the first that is incomplete.
pub(super) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    /// Without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
    const KIND: u16 = 0x3fff;
    std::iter::from_fn(move || {
        let len = usize::from(short(bytes, 0)?);
        let kind = short(bytes, 2)? & KIND;
        let value = bytes.get(4..len)?;
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// Reads a number of 16, 32 or 64 bits at an offset; `None` if the bytes end before.
pub(super) fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_has_headers_and_a_padded_attribute() {
        let message = request(30, 1, 7, (3, b"0-1\0\0"));
        assert_eq!(message.len(), 20 + 12);
        let Some(Message::Data {
            family,
            attributes: all,
        }) = Message::parse(&message)
        else {
            panic!("{message:?}");
        };
        assert_eq!(family, 30);
        let all: Vec<_> = attributes(all).collect();
        assert_eq!(all, [(3, &b"0-1\0\0"[..])]);
    }

    #[test]
    fn an_answer_has_the_number_of_its_request() {
        let mut message = request(ERROR, 0, 7, (0, &[]));
        message[16..20].copy_from_slice(&(-1_i32).to_ne_bytes());
        let answer = Message::Answer {
            request: 7,
            error: -1,
        };
        assert_eq!(Message::parse(&message), Some(answer));
        assert_eq!(Message::parse(&message[..19]), None);
    }

    #[test]
    fn attributes_end_at_the_first_that_is_incomplete() {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&request(30, 1, 7, (1, &[1]))[20..]);
        bytes.extend_from_slice(&request(30, 1, 7, (0x8002, &[2, 2, 2, 2]))[20..]);
        for cut in 8..=bytes.len() {
            let all: Vec<_> = attributes(&bytes[..cut]).collect();
            assert_eq!(all.len(), if cut < 16 { 1 } else { 2 }, "{cut}");
        }
        assert_eq!(attributes(&bytes).nth(1), Some((2, &[2; 4][..])));
        // A length that is too short would never end.
        assert_eq!(attributes(&[0; 16]).count(), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_without_a_panic(bytes: Vec<u8>) {
            let mut bytes = bytes;
            if let Some(len) = bytes.first_chunk_mut::<4>() {
                len[1..].fill(0);
            }
            if let Some(Message::Data { attributes: all, .. }) = Message::parse(&bytes) {
                attributes(all).for_each(drop);
            }
        }
    }
}
