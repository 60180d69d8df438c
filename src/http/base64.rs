//! Base 64 as Python's `binascii.a2b_base64` reads it: what is no digit is overlooked, the padding must fit.

/// Decodes; none where Python raises `binascii.Error`.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut digits, mut pads) = (0_u32, 0, 0);
    for byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                pads += 1;
                if digits >= 2 && digits + pads >= 4 {
                    return Some(bytes);
                }
                continue;
            }
            _ => continue,
        };
        pads = 0;
        bits = bits << 6 | u32::from(digit);
        digits += 1;
        if digits > 1 {
            let shift = [4, 2, 0][digits - 2];
            bytes.push(u8::try_from(bits >> shift & 0xff).expect("eight bits"));
        }
        if digits == 4 {
            (bits, digits) = (0, 0);
        }
    }
    (digits == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_python_reads() {
        for (text, bytes) in [
            ("", Some("")),
            ("YQ==", Some("a")),
            ("YWI=", Some("ab")),
            ("YWJj", Some("abc")),
            ("Y W\nJ!j", Some("abc")),
            ("YQ==YQ==", Some("a")),
            ("=", Some("")),
            ("YWJj=", Some("abc")),
            ("YQ=", None),
            ("YQ", None),
            ("Y", None),
            ("Y===", None),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), bytes.map(str::as_bytes), "{text}");
        }
    }
}
