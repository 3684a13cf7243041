//! From a file or stdin to text, whatever program wrote it.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use crate::error::Failure;
use crate::exit::Exit;

/// The whole text. Bytes that are no text become replacement characters, which no IMEI contains.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let read = if is_stdin(path) {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    let bytes = read.map_err(|error| {
        Failure::new(Exit::Usage, "input", format!("cannot read {}: {error}", name(path)))
            .hint("check the name given to --from")
    })?;
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err(Failure::new(
            Exit::Input,
            "input",
            format!("{} is an Excel workbook; nothing was sent", name(path)),
        )
        .hint("save the sheet as CSV, with the IMEI column formatted as text"));
    }
    let text = decode(bytes);
    // Old spreadsheets end lines with a bare carriage return.
    Ok(if text.contains('\r') && !text.contains('\n') { text.replace('\r', "\n") } else { text })
}

/// How messages call the input.
pub(super) fn name(path: &Path) -> String {
    if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() }
}

pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn decode(bytes: Vec<u8>) -> String {
    match bytes.as_slice() {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(unit);
    char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
