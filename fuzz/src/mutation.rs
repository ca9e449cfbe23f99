//! Changes to inputs, as a fuzzer makes them that knows nothing of the reader.

use fastrand::Rng;

/// Pieces of text that readers have trouble with.
const PIECES: [&str; 24] = [
    "../",
    "/",
    "//",
    "..",
    ".",
    "\0",
    "\u{1b}[2J",
    "\u{202e}",
    "\n",
    "\r\n",
    "\"",
    "\\",
    "\\u0000",
    "{",
    "}",
    "[",
    "]",
    "null",
    "-1",
    "1e999",
    "18446744073709551616",
    "NaN",
    "\u{fffd}",
    "'; --",
];

/// Returns `input` with one to eight changes.
pub fn mutate(input: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..random.usize(1..=8) {
        change(&mut bytes, random);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, random: &mut Rng) {
    let at = random.usize(0..=bytes.len());
    let length = random.usize(0..=64).min(bytes.len() - at);
    let range = at..at + length;
    match random.u8(0..10) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.u8(0..8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.u8(..);
            }
        }
        2 => drop(bytes.drain(range)),
        3 => {
            let copied = bytes[range].to_vec();
            let to = random.usize(0..=bytes.len());
            bytes.splice(to..to, copied);
        }
        4 => bytes.truncate(at),
        5 => {
            let piece = PIECES[random.usize(0..PIECES.len())];
            bytes.splice(at..at, piece.bytes());
        }
        6 => {
            let piece = PIECES[random.usize(0..PIECES.len())];
            bytes.splice(range, piece.bytes());
        }
        7 => change_number(bytes, at, random),
        8 => {
            // A line or a member twice, or in another place.
            let end = bytes[at..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(bytes.len(), |end| at + end + 1);
            let line = bytes[at..end].to_vec();
            let to = random.usize(0..=bytes.len());
            bytes.splice(to..to, line);
        }
        _ => {
            let piece = PIECES[random.usize(0..PIECES.len())].repeat(random.usize(1..300));
            bytes.splice(at..at, piece.bytes());
        }
    }
}

/// Puts another number in the place of the first at or after `at`.
fn change_number(bytes: &mut Vec<u8>, at: usize, random: &mut Rng) {
    let Some(begin) = bytes[at..].iter().position(u8::is_ascii_digit).map(|begin| at + begin) else {
        return;
    };
    let digits = bytes[begin..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = [
        "0",
        "1",
        "-1",
        "255",
        "4294967296",
        "9223372036854775807",
        "1e308",
        "0.1",
    ][random.usize(0..8)];
    bytes.splice(begin..begin + digits, number.bytes());
}
