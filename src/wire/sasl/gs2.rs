//! The beginning of a response that SCRAM and OAUTHBEARER share: the GS2 header (RFC 5801 §4, RFC 5802 §7).

/// `gs2-header = gs2-cbind-flag "," [ authzid ] ","`, and what follows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The header as it was written, for the channel binding.
    pub written: &'a str,
    /// `p=name`: the channel binding that the client uses.
    pub binding: Option<&'a str>,
    /// `y`: the client could bind to the channel, and believes that the server cannot.
    pub would_bind: bool,
    pub authzid: Option<String>,
    pub rest: &'a str,
}

impl Header<'_> {
    /// None when it is not well formed.
    pub fn parse(text: &str) -> Option<Header<'_>> {
        let (flag, after) = text.split_once(',')?;
        let (authzid, rest) = after.split_once(',')?;
        let binding = match flag {
            "n" | "y" => None,
            flag => Some(flag.strip_prefix("p=").filter(|name| is_cb_name(name))?),
        };
        let authzid = match authzid {
            "" => None,
            authzid => Some(unescaped(authzid.strip_prefix("a=")?)?),
        };
        let written = &text[..text.len() - rest.len()];
        Some(Header { written, binding, would_bind: flag == "y", authzid, rest })
    }
}

/// A `saslname`: "," is written "=2C", and "=" is written "=3D". None for any other use of "=", and for no name at all.
pub fn unescaped(name: &str) -> Option<String> {
    let mut pieces = name.split('=');
    let mut out = pieces.next()?.to_owned();
    for piece in pieces {
        let (meant, rest) = match (piece.strip_prefix("2C"), piece.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return None,
        };
        out.push(meant);
        out.push_str(rest);
    }
    (!out.is_empty() && !out.contains('\0')).then_some(out)
}

/// `cb-name = 1*(ALPHA / DIGIT / "." / "-")`
fn is_cb_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b".-".contains(&octet))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_are_taken_apart() {
        let header = Header::parse("p=tls-exporter,a=an=2Cna,n=x,r=y").unwrap();
        assert_eq!(header.written, "p=tls-exporter,a=an=2Cna,");
        assert_eq!((header.binding, header.authzid.as_deref()), (Some("tls-exporter"), Some("an,na")));
        assert_eq!(header.rest, "n=x,r=y");
        assert!(Header::parse("y,,").unwrap().would_bind);
        for bad in ["", "n", "n,", "x,,", "p=,,", "n,b=c,", "n,a=,", "n,a=a=2c,"] {
            assert_eq!(Header::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_read_as_it_was_escaped(name in "[^\0]{1,20}") {
            let escaped = name.replace('=', "=3D").replace(',', "=2C");
            prop_assert_eq!(unescaped(&escaped), Some(name));
        }
    }
}
