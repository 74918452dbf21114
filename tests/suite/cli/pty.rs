//! A pseudoterminal, with the command at one end and the test at the other.

use std::error::Error;
use std::fs::File;
use std::io::{ErrorKind, Read};

use crate::pseudoterminal;

/// Opens a pseudoterminal of 30 lines; returns our end and the command's.
pub(crate) fn open(columns: u16) -> Result<(File, File), Box<dyn Error>> {
    pseudoterminal::open(30, columns)
}

/// Reads until the command closes its end.
pub(crate) fn shown(mut ours: File) -> Result<String, Box<dyn Error>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match ours.read(&mut buffer) {
            Ok(0) => break,
            Ok(len) => bytes.extend_from_slice(&buffer[..len]),
            // Reading fails with EIO when the command's end is closed.
            Err(error) if error.kind() != ErrorKind::Interrupted => break,
            Err(_) => {}
        }
    }
    Ok(String::from_utf8(bytes)?.replace("\r\n", "\n"))
}
