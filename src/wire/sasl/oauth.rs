//! OAUTHBEARER (RFC 7628), and XOAUTH2 as Google described it before: a token of somebody else proves who the client is.

use serde_json::json;

use super::claim::{Claim, Proof, Question};
use super::{OAuthTerms, Step, gs2, text};
use crate::error::{Code, Error};

/// Which of the two, and what a client is told whose token was refused.
#[derive(Debug)]
pub struct OAuth {
    form: Form,
    terms: OAuthTerms,
}

/// How the response looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    OAuthBearer,
    XOAuth2,
}

impl OAuth {
    pub fn new(form: Form, terms: OAuthTerms) -> OAuth {
        OAuth { form, terms }
    }

    /// Takes the response that holds the token.
    pub fn respond(&self, response: &[u8]) -> Result<Step, Error> {
        let response = text(response)?;
        let (mechanism, user, pairs) = match self.form {
            Form::OAuthBearer => {
                let (header, pairs) = response.split_once(SEPARATOR).ok_or_else(malformed)?;
                let header = gs2::Header::parse(header).ok_or_else(malformed)?;
                // RFC 7628 §3.1: "n" or "y"; no mechanism of this family binds to a channel.
                if header.binding.is_some() || !header.rest.is_empty() {
                    return Err(malformed());
                }
                ("OAUTHBEARER", header.authzid, pairs)
            }
            Form::XOAuth2 => {
                let (user, pairs) = response.split_once(SEPARATOR).ok_or_else(malformed)?;
                let user = user.strip_prefix("user=").ok_or_else(malformed)?;
                ("XOAUTH2", Some(user.to_owned()), pairs)
            }
        };
        let user = user.filter(|user| !user.is_empty());
        let token = bearer_token(pairs)?;
        Ok(Step::Ask(Question::Claim(Claim {
            mechanism,
            authcid: String::new(),
            authzid: user,
            proof: Proof::Token(token.to_owned()),
        })))
    }

    /// What a client is told whose token was refused, before the exchange fails; None when the token is not to blame.
    pub fn refusal(&self, error: &Error) -> Option<Vec<u8>> {
        // The words of RFC 6750 §3.1, and the numbers of HTTP that belong to them.
        let (status, number) = match error {
            Error::No { code: Code::AuthenticationFailed | Code::AuthorizationFailed, .. } => {
                ("invalid_token", "401")
            }
            Error::No { code: Code::NoPerm, .. } => ("insufficient_scope", "403"),
            _ => return None,
        };
        let mut refusal = match self.form {
            Form::OAuthBearer => json!({"status": status}),
            Form::XOAuth2 => json!({"status": number, "schemes": "bearer"}),
        };
        for (key, value) in
            [("scope", &self.terms.scope), ("openid-configuration", &self.terms.openid_configuration)]
        {
            if !value.is_empty() {
                refusal[key] = value.as_str().into();
            }
        }
        Some(refusal.to_string().into_bytes())
    }
}

/// `*kvpair kvsep` (RFC 7628 §3.1): the value of `auth`, without its scheme.
fn bearer_token(pairs: &str) -> Result<&str, Error> {
    let value = pairs.split(SEPARATOR).find_map(|pair| pair.strip_prefix("auth=")).ok_or_else(malformed)?;
    let (scheme, token) = value.trim().split_once(' ').ok_or_else(malformed)?;
    let token = token.trim();
    // RFC 6750 §2.1: b64token; RFC 9110 §11.1: a scheme is compared without regard to case.
    let printable = !token.is_empty() && token.bytes().all(|octet| octet.is_ascii_graphic());
    if scheme.eq_ignore_ascii_case("Bearer") && printable { Ok(token) } else { Err(malformed()) }
}

fn malformed() -> Error {
    Error::bad("the response holds no bearer token in its proper form")
}

/// `kvsep`
const SEPARATOR: char = '\u{1}';

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(form: Form, response: &str) -> Option<(Option<String>, String)> {
        let oauth = OAuth::new(form, OAuthTerms::default());
        match oauth.respond(response.as_bytes()) {
            Ok(Step::Ask(Question::Claim(Claim { authzid, proof: Proof::Token(token), .. }))) => {
                Some((authzid, token))
            }
            _ => None,
        }
    }

    #[test]
    fn tokens_are_found_in_either_form() {
        // The example of RFC 7628 §4.1.
        let bearer = "n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}\
                      auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u{1}\u{1}";
        let token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==".to_owned();
        assert_eq!(claim(Form::OAuthBearer, bearer), Some((Some("user@example.com".into()), token.clone())));
        assert_eq!(claim(Form::OAuthBearer, "n,,\u{1}auth=bearer x\u{1}\u{1}"), Some((None, "x".into())));
        let google = format!("user=someuser@example.com\u{1}auth=Bearer {token}\u{1}\u{1}");
        assert_eq!(claim(Form::XOAuth2, &google), Some((Some("someuser@example.com".into()), token)));
    }

    #[test]
    fn malformed_responses_are_told_so() {
        for bad in [
            "",
            "n,,",
            "n,,\u{1}\u{1}",
            "n,,\u{1}auth=Basic x\u{1}\u{1}",
            "p=x,,\u{1}auth=Bearer x\u{1}\u{1}",
        ] {
            assert_eq!(claim(Form::OAuthBearer, bad), None, "{bad:?}");
            assert_eq!(claim(Form::XOAuth2, bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_says_how_to_do_better() {
        let terms = OAuthTerms { scope: "mail".into(), openid_configuration: String::new() };
        let oauth = OAuth::new(Form::OAuthBearer, terms);
        let refused = Error::no(Code::AuthenticationFailed, "no");
        let said: serde_json::Value = serde_json::from_slice(&oauth.refusal(&refused).unwrap()).unwrap();
        assert_eq!(said, json!({"status": "invalid_token", "scope": "mail"}));
        let narrow = oauth.refusal(&Error::no(Code::NoPerm, "not for mail")).unwrap();
        assert!(String::from_utf8(narrow).unwrap().contains("insufficient_scope"));
        assert_eq!(oauth.refusal(&Error::no(Code::Unavailable, "later")), None);
    }
}
