//! SCRAM (RFC 5802, RFC 7677): the client proves that it knows the password without sending it, and the server that it
//! knows what is kept of it. With -PLUS, both also prove that they are at the two ends of the same TLS (RFC 9266).

use subtle::ConstantTimeEq;

use super::claim::{Claim, Proof, Question};
use super::{Step, Terms, decode, encode, gs2, text};
use crate::error::{Code, Error};
use crate::wire::scram::{Hash, Keys};

/// An exchange.
#[derive(Debug)]
pub struct Scram {
    hash: Hash,
    mechanism: &'static str,
    /// What binds to the channel, when this is one of the mechanisms that do.
    bound: Option<[u8; 32]>,
    /// Whether the same hash could have been had with channel binding.
    could_bind: bool,
    stage: Stage,
}

/// What has been said.
#[derive(Debug)]
enum Stage {
    /// Nothing.
    Begin,
    /// `client-first-message`; the keys are being asked for.
    Asked(First),
    /// `server-first-message`.
    Challenged { first: First, server_first: String, nonce: String, keys: Keys },
    /// `client-final-message`; this is what the server says when the proof holds and the user may enter.
    Proved { server_final: String },
}

/// `client-first-message`.
#[derive(Debug)]
struct First {
    /// The GS2 header as it was written.
    header: String,
    authzid: Option<String>,
    authcid: String,
    /// `client-first-message-bare`
    bare: String,
    nonce: String,
}

impl Scram {
    /// For the mechanism of that name; `plus` if it binds to the channel.
    pub fn new(hash: Hash, plus: bool, terms: &Terms) -> Scram {
        let mechanism = match (hash, plus) {
            (Hash::Sha1, false) => "SCRAM-SHA-1",
            (Hash::Sha1, true) => "SCRAM-SHA-1-PLUS",
            (Hash::Sha256, false) => "SCRAM-SHA-256",
            (Hash::Sha256, true) => "SCRAM-SHA-256-PLUS",
        };
        let could_bind = terms.offer("SCRAM-SHA-256-PLUS") || terms.offer("SCRAM-SHA-1-PLUS");
        let bound = terms.channel_binding.filter(|_| plus);
        Scram { hash, mechanism, bound, could_bind, stage: Stage::Begin }
    }

    /// Takes the client's first or final message.
    pub fn respond(&mut self, response: &[u8]) -> Result<Step, Error> {
        let response = text(response)?;
        match std::mem::replace(&mut self.stage, Stage::Begin) {
            Stage::Begin => self.first(&response),
            Stage::Challenged { first, server_first, nonce, keys } => {
                self.last(&response, first, &server_first, &nonce, &keys)
            }
            Stage::Asked(_) | Stage::Proved { .. } => Err(Error::bug("SCRAM was not waiting for a response")),
        }
    }

    /// Takes the keys that were asked for, and says `server-first-message`.
    pub fn keys(&mut self, keys: Keys, nonce: &str) -> Result<Step, Error> {
        let Stage::Asked(first) = std::mem::replace(&mut self.stage, Stage::Begin) else {
            return Err(Error::bug("SCRAM has not asked for keys"));
        };
        let nonce = format!("{}{nonce}", first.nonce);
        let server_first = format!("r={nonce},s={},i={}", encode(&keys.salt), keys.iterations);
        let said = server_first.clone().into_bytes();
        self.stage = Stage::Challenged { first, server_first, nonce, keys };
        Ok(Step::Challenge(said))
    }

    /// What to say when the user may enter: `server-final-message`, which proves the server to the client. A client
    /// that may not enter is told so by its protocol, which RFC 5802 §5 permits, and which costs no round-trip.
    pub fn success(&self) -> Option<Vec<u8>> {
        match &self.stage {
            Stage::Proved { server_final } => Some(server_final.clone().into_bytes()),
            _ => None,
        }
    }

    /// `client-first-message = gs2-header client-first-message-bare`
    fn first(&mut self, response: &str) -> Result<Step, Error> {
        let header = gs2::Header::parse(response).ok_or_else(|| wrong("invalid-encoding"))?;
        self.check_binding(&header)?;
        // client-first-message-bare = [reserved-mext ","] username "," nonce ["," extensions]
        let mut fields = header.rest.split(',');
        let username = match fields.next() {
            Some(field) if field.starts_with("m=") => return Err(wrong("extensions-not-supported")),
            Some(field) => field.strip_prefix("n="),
            None => None,
        };
        let username = username.ok_or_else(|| wrong("invalid-encoding"))?;
        let authcid = gs2::unescaped(username).ok_or_else(|| wrong("invalid-username-encoding"))?;
        let nonce = fields.next().and_then(|field| field.strip_prefix("r=")).filter(|nonce| is_nonce(nonce));
        let nonce = nonce.ok_or_else(|| wrong("invalid-encoding"))?.to_owned();
        let hash = self.hash;
        let question = Question::Keys { hash, authcid: authcid.clone() };
        self.stage = Stage::Asked(First {
            header: header.written.to_owned(),
            authzid: header.authzid,
            authcid,
            bare: header.rest.to_owned(),
            nonce,
        });
        Ok(Step::Ask(question))
    }

    /// RFC 5802 §6: who takes a -PLUS binds, who takes another does not; and who could have bound, had it known that we
    /// can, has been told something else than we said.
    fn check_binding(&self, header: &gs2::Header<'_>) -> Result<(), Error> {
        match (header.binding, self.bound) {
            (Some("tls-exporter"), Some(_)) => Ok(()),
            (Some(_), Some(_)) => Err(wrong("unsupported-channel-binding-type")),
            (Some(_), None) => Err(wrong("channel-binding-not-supported")),
            (None, Some(_)) => Err(wrong("channel-bindings-dont-match")),
            (None, None) if header.would_bind && self.could_bind => {
                Err(wrong("server-does-support-channel-binding"))
            }
            (None, None) => Ok(()),
        }
    }

    /// `client-final-message = channel-binding "," nonce ["," extensions] "," proof`
    fn last(
        &mut self,
        response: &str,
        first: First,
        server_first: &str,
        nonce: &str,
        keys: &Keys,
    ) -> Result<Step, Error> {
        let (without_proof, proof) = response.rsplit_once(",p=").ok_or_else(|| wrong("invalid-encoding"))?;
        let proof = decode(proof.as_bytes()).ok_or_else(|| wrong("invalid-encoding"))?;
        let mut fields = without_proof.split(',');
        let binding = fields.next().and_then(|field| field.strip_prefix("c="));
        let binding = binding.and_then(|binding| decode(binding.as_bytes()));
        let expected = [first.header.as_bytes(), self.bound.as_ref().map_or(&[][..], |bound| bound)].concat();
        if !bool::from(binding.ok_or_else(|| wrong("invalid-encoding"))?.ct_eq(&expected)) {
            return Err(wrong("channel-bindings-dont-match"));
        }
        if fields.next().and_then(|field| field.strip_prefix("r=")) != Some(nonce) {
            return Err(wrong("other-error"));
        }
        let auth_message = format!("{},{server_first},{without_proof}", first.bare);
        let holds = keys.holds(auth_message.as_bytes(), &proof);
        let signature = keys.server_signature(auth_message.as_bytes());
        self.stage = Stage::Proved { server_final: format!("v={}", encode(&signature)) };
        Ok(Step::Ask(Question::Claim(Claim {
            mechanism: self.mechanism,
            authcid: first.authcid,
            authzid: first.authzid,
            proof: Proof::Scram(holds),
        })))
    }
}

/// A mistake by the name that RFC 5802 §7 gives it (`server-error-value`).
fn wrong(name: &str) -> Error {
    match name {
        "channel-bindings-dont-match" | "server-does-support-channel-binding" => {
            Error::no(Code::AuthenticationFailed, format!("SCRAM: {name}"))
        }
        name => Error::bad(format!("SCRAM: {name}")),
    }
}

/// `printable = %x21-2B / %x2D-7E`, at least one
fn is_nonce(nonce: &str) -> bool {
    !nonce.is_empty() && nonce.bytes().all(|octet| octet.is_ascii_graphic() && octet != b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(channel_binding: Option<[u8; 32]>) -> Terms {
        let mechanisms = super::super::NAMES.map(str::to_owned).to_vec();
        Terms { mechanisms, channel_binding, ..Terms::default() }
    }

    /// The exchange of RFC 7677 §3, with `first` and `last` in place of the client's messages.
    fn exchange(first: &str, last: &str) -> Result<(Claim, Option<Vec<u8>>), Error> {
        let mut scram = Scram::new(Hash::Sha256, false, &terms(None));
        let Step::Ask(Question::Keys { authcid, .. }) = scram.respond(first.as_bytes())? else { panic!() };
        assert_eq!(authcid, "user");
        let salt = decode(b"W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let keys = Keys::new(Hash::Sha256, "pencil", &salt, 4096);
        let Step::Challenge(said) = scram.keys(keys, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")? else { panic!() };
        assert_eq!(
            String::from_utf8(said).unwrap(),
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let Step::Ask(Question::Claim(claim)) = scram.respond(last.as_bytes())? else { panic!() };
        Ok((claim, scram.success()))
    }

    const FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const LAST: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    #[test]
    fn the_example_of_rfc_7677_succeeds() {
        let (claim, success) = exchange(FIRST, LAST).unwrap();
        assert!(matches!(claim.proof, Proof::Scram(true)));
        assert_eq!(success.unwrap(), b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    #[test]
    fn another_proof_or_another_first_message_does_not_hold() {
        let other = LAST.replace("p=dHzb", "p=AAAA");
        assert!(matches!(exchange(FIRST, &other).unwrap().0.proof, Proof::Scram(false)));
        assert!(exchange("n,a=admin,n=user,r=rOprNGfwEbeRWgbNEkqO", LAST).is_err(), "another header");
        let other = LAST.replace("k0,", "k1,");
        assert!(exchange(FIRST, &other).is_err(), "another nonce");
    }

    #[test]
    fn malformed_messages_are_told_so() {
        for first in
            ["", "n", "n,,", "n,,n=user", "n,,n=,r=a", "n,,r=a,n=user", "n,,n=us=er,r=a", "n,,m=x,n=user,r=a"]
        {
            let mut scram = Scram::new(Hash::Sha256, false, &terms(None));
            assert!(scram.respond(first.as_bytes()).is_err(), "{first}");
        }
        for last in ["", "c=biws", "p=x", "c=biws,r=x", "c=!,r=x,p=AAAA"] {
            assert!(exchange(FIRST, last).is_err(), "{last}");
        }
    }

    #[test]
    fn a_downgrade_is_noticed() {
        let begin = |plus, binding, first: &str| {
            Scram::new(Hash::Sha256, plus, &terms(binding))
                .respond(first.as_bytes())
                .map_err(|e| e.to_string())
        };
        let binding = Some([7; 32]);
        assert!(begin(false, None, "y,,n=user,r=a").is_ok());
        assert!(begin(false, binding, "n,,n=user,r=a").is_ok());
        let noticed = begin(false, binding, "y,,n=user,r=a").unwrap_err();
        assert!(noticed.contains("server-does-support-channel-binding"), "{noticed}");
        assert!(begin(true, binding, "p=tls-exporter,,n=user,r=a").is_ok());
        let unknown = begin(true, binding, "p=tls-unique,,n=user,r=a").unwrap_err();
        assert!(unknown.contains("unsupported-channel-binding-type"), "{unknown}");
        assert!(begin(true, binding, "n,,n=user,r=a").is_err());
        assert!(begin(false, None, "p=tls-exporter,,n=user,r=a").is_err());
    }

    #[test]
    fn the_channel_is_compared() {
        let finish = |octets: [u8; 32]| {
            let mut scram = Scram::new(Hash::Sha256, true, &terms(Some([7; 32])));
            scram.respond(b"p=tls-exporter,,n=user,r=a").unwrap();
            scram.keys(Keys::of_nobody(Hash::Sha256, b"x", "user"), "b").unwrap();
            let binding = encode(&[&b"p=tls-exporter,,"[..], &octets].concat());
            scram.respond(format!("c={binding},r=ab,p=AAAA").as_bytes()).map(|_| ())
        };
        assert!(finish([7; 32]).is_ok());
        assert!(finish([8; 32]).unwrap_err().to_string().contains("channel-bindings-dont-match"));
    }
}
