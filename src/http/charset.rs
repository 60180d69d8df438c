//! The charsets in which a body may come. Python knows a hundred; these are the ones that clients of a JSON or form
//! endpoint send. A name that is not among them counts as one that Python does not know: the body is UTF-8.

use super::text::latin1;

/// A charset.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Charset {
    /// The default.
    Utf8,
    /// UTF-8 with a byte order mark that does not count.
    Utf8Sig,
    /// The first 128 characters.
    Ascii,
    /// The first 256 characters.
    Latin1,
    /// What Windows has for latin-1.
    Windows1252,
    /// Two bytes for most; without an order, a mark tells it.
    Utf16(Option<Order>),
    /// Four bytes each.
    Utf32(Option<Order>),
    /// A codec of Python's that is none for text: DRF refuses it.
    NoText,
}

/// The order of the bytes of a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    /// The least first.
    Little,
    /// The most first.
    Big,
}

impl Charset {
    /// The charset with this name, in Python's spelling: any case, blanks and hyphens as underscores.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name: String = name.to_ascii_lowercase().replace([' ', '-', '.'], "_");
        Some(match name.as_str() {
            "utf_8" | "utf8" | "u8" | "utf" | "cp65001" | "utf8_ucs2" | "utf8_ucs4" => Self::Utf8,
            "utf_8_sig" => Self::Utf8Sig,
            "ascii" | "us_ascii" | "646" | "iso646_us" | "ansi_x3_4_1968" | "cp367" | "us" => Self::Ascii,
            "latin_1" | "latin1" | "latin" | "l1" | "iso_8859_1" | "iso8859_1" | "iso8859" | "8859" | "cp819" => {
                Self::Latin1
            }
            "cp1252" | "windows_1252" | "1252" => Self::Windows1252,
            "utf_16" | "utf16" | "u16" => Self::Utf16(None),
            "utf_16_le" | "utf_16le" => Self::Utf16(Some(Order::Little)),
            "utf_16_be" | "utf_16be" => Self::Utf16(Some(Order::Big)),
            "utf_32" | "utf32" | "u32" => Self::Utf32(None),
            "utf_32_le" | "utf_32le" => Self::Utf32(Some(Order::Little)),
            "utf_32_be" | "utf_32be" => Self::Utf32(Some(Order::Big)),
            "base64" | "base_64" | "base64_codec" | "bz2" | "bz2_codec" | "hex" | "hex_codec" | "quopri"
            | "quopri_codec" | "quoted_printable" | "quotedprintable" | "rot13" | "rot_13" | "uu" | "uu_codec"
            | "zip" | "zlib" | "zlib_codec" | "undefined" => Self::NoText,
            _ => return None,
        })
    }

    /// Decodes what a client sent; the last character may be cut off, as by Python's stream readers.
    ///
    /// # Errors
    /// Python's message where the bytes are none of this charset.
    pub(super) fn decode(self, bytes: &[u8]) -> Result<String, String> {
        match self {
            Self::Utf8 => utf8(bytes),
            Self::Utf8Sig => utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)),
            Self::Ascii => match bytes.iter().position(|byte| !byte.is_ascii()) {
                None => Ok(latin1(bytes)),
                Some(at) => Err(format!(
                    "'ascii' codec can't decode byte 0x{:02x} in position {at}: ordinal not in range(128)",
                    bytes[at]
                )),
            },
            Self::Latin1 | Self::NoText => Ok(latin1(bytes)),
            Self::Windows1252 => bytes
                .iter()
                .enumerate()
                .map(|(at, byte)| {
                    windows1252(*byte).ok_or_else(|| {
                        format!(
                            "'charmap' codec can't decode byte 0x{byte:02x} in position {at}: \
                             character maps to <undefined>"
                        )
                    })
                })
                .collect(),
            Self::Utf16(order) => {
                let (order, bytes) = match (order, bytes) {
                    (Some(order), _) => (order, bytes),
                    (None, [0xff, 0xfe, rest @ ..]) => (Order::Little, rest),
                    (None, [0xfe, 0xff, rest @ ..]) => (Order::Big, rest),
                    (None, []) => return Ok(String::new()),
                    (None, _) => return Err("UTF-16 stream does not start with BOM".into()),
                };
                let units = bytes.chunks_exact(2).map(|pair| match order {
                    Order::Little => u16::from_le_bytes([pair[0], pair[1]]),
                    Order::Big => u16::from_be_bytes([pair[0], pair[1]]),
                });
                let text = char::decode_utf16(units).collect::<Result<_, _>>();
                text.map_err(|_| "'utf-16' codec can't decode bytes: illegal encoding".into())
            }
            Self::Utf32(order) => {
                let (order, bytes) = match (order, bytes) {
                    (Some(order), _) => (order, bytes),
                    (None, [0, 0, 0xfe, 0xff, rest @ ..]) => (Order::Big, rest),
                    (None, _) => (Order::Little, bytes.strip_prefix(b"\xff\xfe\0\0").unwrap_or(bytes)),
                };
                let name = if order == Order::Little { "le" } else { "be" };
                let units = bytes.chunks_exact(4).map(|four| {
                    let four = [four[0], four[1], four[2], four[3]];
                    char::from_u32(match order {
                        Order::Little => u32::from_le_bytes(four),
                        Order::Big => u32::from_be_bytes(four),
                    })
                });
                let wrong = |at: usize| {
                    let (from, to) = (at * 4, at * 4 + 3);
                    format!(
                        "'utf-32-{name}' codec can't decode bytes in position {from}-{to}: code point not in \
                         range(0x110000)"
                    )
                };
                units.enumerate().map(|(at, c)| c.ok_or_else(|| wrong(at))).collect()
            }
        }
    }

    /// Decodes what is there; what is none of this charset becomes U+FFFD.
    pub(super) fn decode_leniently(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 | Self::Utf8Sig => String::from_utf8_lossy(bytes).into_owned(),
            Self::Ascii => bytes.iter().map(|byte| if byte.is_ascii() { (*byte).into() } else { '\u{fffd}' }).collect(),
            Self::Windows1252 => bytes.iter().map(|byte| windows1252(*byte).unwrap_or('\u{fffd}')).collect(),
            Self::Latin1 | Self::Utf16(_) | Self::Utf32(_) | Self::NoText => {
                self.decode(bytes).unwrap_or_else(|_| latin1(bytes))
            }
        }
    }
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    let error = match str::from_utf8(bytes) {
        Ok(text) => return Ok(text.into()),
        Err(error) => error,
    };
    let at = error.valid_up_to();
    let Some(length) = error.error_len() else {
        return Ok(str::from_utf8(&bytes[..at]).expect("valid up to there").into());
    };
    if length > 1 {
        let end = at + length - 1;
        return Err(format!("'utf-8' codec can't decode bytes in position {at}-{end}: invalid continuation byte"));
    }
    let byte = bytes[at];
    let reason = if matches!(byte, 0xc2..=0xf4) { "invalid continuation byte" } else { "invalid start byte" };
    Err(format!("'utf-8' codec can't decode byte 0x{byte:02x} in position {at}: {reason}"))
}

fn windows1252(byte: u8) -> Option<char> {
    const HIGH: [u16; 32] = [
        0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d,
        0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,
        0x017e, 0x0178,
    ];
    match byte {
        0x80..=0x9f => match HIGH[usize::from(byte - 0x80)] {
            0 => None,
            unit => char::from_u32(unit.into()),
        },
        _ => Some(byte.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utf_8_is_told_in_pythons_words() {
        for (bytes, message) in [
            (&b"ab\xff"[..], "'utf-8' codec can't decode byte 0xff in position 2: invalid start byte"),
            (b"\xc3(", "'utf-8' codec can't decode byte 0xc3 in position 0: invalid continuation byte"),
            (b"a\xe2\x98(", "'utf-8' codec can't decode bytes in position 1-2: invalid continuation byte"),
        ] {
            assert_eq!(Charset::Utf8.decode(bytes), Err(message.into()));
        }
        assert_eq!(Charset::Utf8.decode(b"ab\xe2\x98"), Ok("ab".into()), "a cut character is left out");
    }

    #[test]
    fn names_are_read_as_python_reads_them() {
        assert_eq!(Charset::named("ISO-8859-1"), Some(Charset::Latin1));
        assert_eq!(Charset::named("UTF-16"), Some(Charset::Utf16(None)));
        assert_eq!(Charset::named("nope"), None);
        assert_eq!(Charset::Utf16(None).decode(b"\xff\xfea\0"), Ok("a".into()));
    }
}
