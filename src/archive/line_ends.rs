//! Line ends: programs for Unix end lines in files by LF, mail ends them by CRLF.

use std::borrow::Cow;

/// A message out of a file. When all its lines end by LF alone, as files have them, they end by CRLF then; a mixture is
/// left to be repaired as any other mail.
pub fn to_mail(octets: Vec<u8>) -> Vec<u8> {
    let lines = octets.iter().filter(|octet| **octet == b'\n').count();
    if lines == 0 || octets.windows(2).any(|pair| pair == b"\r\n") {
        return octets;
    }
    let mut mail = Vec::with_capacity(octets.len() + lines);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                mail.extend_from_slice(text);
                mail.extend_from_slice(b"\r\n");
            }
            None => mail.extend_from_slice(line),
        }
    }
    mail
}

/// A message for a file: with LF, if [`to_mail`] makes the same message of that; otherwise as it is.
pub fn to_file(mail: &[u8]) -> Cow<'_, [u8]> {
    let mut before = 0;
    let is_bare = |(at, octet): (usize, &u8)| {
        let bare = match octet {
            b'\n' => before != b'\r',
            b'\r' => mail.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        before = *octet;
        bare
    };
    if mail.iter().enumerate().any(is_bare) {
        return Cow::Borrowed(mail);
    }
    Cow::Owned(mail.iter().copied().filter(|octet| *octet != b'\r').collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_have_lf_and_mail_has_crlf() {
        assert_eq!(to_mail(b"a: b\n\nc\n".to_vec()), b"a: b\r\n\r\nc\r\n");
        assert_eq!(to_mail(b"a: b\r\n\nc\n".to_vec()), b"a: b\r\n\nc\n");
        assert_eq!(&*to_file(b"a\r\n\r\nb"), b"a\n\nb");
        assert_eq!(&*to_file(b"a\rb\r\n"), b"a\rb\r\n");
        assert_eq!(&*to_file(b"a\r\r\n"), b"a\r\r\n");
    }

    proptest! {
        #[test]
        fn mail_comes_back(pieces in proptest::collection::vec(prop_oneof![Just("\r\n"), Just("x"), Just("\r")], 0..20)) {
            // A bare LF never gets into the store.
            let mail = pieces.concat().into_bytes();
            prop_assert_eq!(to_mail(to_file(&mail).into_owned()), mail);
        }
    }
}
