//! Where each number of a JSON file stands.

use std::collections::HashMap;

use serde::de::IgnoredAny;

use super::number::Number;

/// A scalar of a JSON file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scalar {
    /// Its line, from 1.
    pub(crate) line: usize,
    /// Its value, if it is a number.
    pub(crate) number: Option<Number>,
}

/// Every scalar of a JSON file by its JSON pointer (RFC 6901).
///
/// The number is read from the very characters of that line, so line and value cannot tell of different places.
#[derive(Debug, Default)]
pub(crate) struct Scalars(HashMap<String, Scalar>);

impl Scalars {
    /// Reads a JSON text, in one pass.
    ///
    /// # Errors
    /// The text is not JSON.
    pub(crate) fn read_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<IgnoredAny>(text)?;
        let mut scanner = Scanner {
            text,
            at: 0,
            line: 1,
            found: HashMap::new(),
        };
        scanner.scan_value(&mut String::new());
        Ok(Self(scanner.found))
    }

    /// The scalar at a pointer.
    pub(crate) fn get(&self, pointer: &str) -> Option<Scalar> {
        self.0.get(pointer).copied()
    }
}

/// Reads a `result.json` as far as the evidence of numbers does: for tests that read any bytes.
#[doc(hidden)]
pub fn try_result(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Scalars::read_json(text);
    }
}

/// Walks a text that is known to be JSON, nested no deeper than serde_json allows.
struct Scanner<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    found: HashMap<String, Scalar>,
}

impl Scanner<'_> {
    fn peek_byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next_byte(&mut self) {
        if self.peek_byte() == Some(b'\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    fn skip_space(&mut self) {
        while self.peek_byte().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.next_byte();
        }
    }

    fn scan_value(&mut self, pointer: &mut String) {
        self.skip_space();
        match self.peek_byte() {
            Some(b'{') => self.scan_members(pointer, b'}'),
            Some(b'[') => self.scan_members(pointer, b']'),
            Some(b'"') => {
                let scalar = Scalar {
                    line: self.line,
                    number: None,
                };
                self.scan_string();
                self.found.insert(pointer.clone(), scalar);
            }
            _ => self.scan_word(pointer),
        }
    }

    /// The members of an object or an array.
    fn scan_members(&mut self, pointer: &mut String, end: u8) {
        self.next_byte();
        for index in 0_usize.. {
            self.skip_space();
            if matches!(self.peek_byte(), None | Some(b']' | b'}')) {
                break;
            }
            let length = pointer.len();
            pointer.push('/');
            if end == b'}' {
                let key = self.scan_string();
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                self.skip_space();
                self.next_byte(); // the colon
            } else {
                pointer.push_str(&index.to_string());
            }
            self.scan_value(pointer);
            pointer.truncate(length);
            self.skip_space();
            if self.peek_byte() == Some(b',') {
                self.next_byte();
            }
        }
        self.next_byte();
    }

    /// A string, unescaped.
    fn scan_string(&mut self) -> String {
        let start = self.at;
        self.next_byte();
        while let Some(byte) = self.peek_byte() {
            self.next_byte();
            match byte {
                b'\\' => self.next_byte(),
                b'"' => break,
                _ => {}
            }
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(raw).unwrap_or_default()
    }

    /// A number, `true`, `false` or `null`.
    fn scan_word(&mut self, pointer: &str) {
        let start = self.at;
        while self
            .peek_byte()
            .is_some_and(|byte| !byte.is_ascii_whitespace() && !b",]}".contains(&byte))
        {
            self.next_byte();
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        let number = serde_json::from_str(raw).ok().as_ref().and_then(Number::from_json);
        self.found.insert(
            pointer.to_owned(),
            Scalar {
                line: self.line,
                number,
            },
        );
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
 "a/b~": [
  1,
  -2.5e-3,
  {
   "p": 0.5,
   "q\"\\": null,
   "é\n": 18446744073709551615
  }
 ],
 "empty": {},
 "none": [],
 "s": "1, 2]\"}",
 "last": 7
}
"#;

    #[test]
    fn every_scalar_has_its_line() {
        let scalars = Scalars::read_json(TEXT).unwrap();
        let cases: [(&str, usize, Option<Number>); 8] = [
            ("/a~1b~0/0", 3, Some(1_u64.into())),
            ("/a~1b~0/1", 4, Some((-0.0025).into())),
            ("/a~1b~0/2/p", 6, Some(0.5.into())),
            ("/a~1b~0/2/q\"\\", 7, None),
            ("/a~1b~0/2/é\n", 8, Some(u64::MAX.into())),
            ("/s", 13, None),
            ("/last", 14, Some(7_u64.into())),
            ("/empty", 0, None),
        ];
        for (pointer, line, number) in cases {
            let expected = (line > 0).then_some(Scalar { line, number });
            assert_eq!(scalars.get(pointer), expected, "{pointer}");
        }
    }

    #[test]
    fn compact_json_is_one_line_and_a_bare_number_is_the_root() {
        assert_eq!(
            Scalars::read_json(r#"{"a":[1,{"b":2}]}"#)
                .unwrap()
                .get("/a/1/b")
                .unwrap()
                .line,
            1
        );
        assert_eq!(
            Scalars::read_json("3").unwrap().get("").unwrap().number,
            Some(3_u64.into())
        );
        assert!(Scalars::read_json("{").is_err());
    }

    #[test]
    fn agrees_with_serde_json_on_every_pointer() {
        let value: serde_json::Value = serde_json::from_str(TEXT).unwrap();
        for (pointer, scalar) in &Scalars::read_json(TEXT).unwrap().0 {
            let there = value.pointer(pointer).unwrap();
            assert_eq!(
                there.as_number().and_then(Number::from_json),
                scalar.number,
                "{pointer}"
            );
        }
    }
}
