//! Questions to web servers: the keys of an issuer, and what an authorization server says about a token.
//!
//! The client waits for its answers, so each question has a thread of its own while it lasts. They are few, and end in
//! time. Redirects are not followed: they would lead a secret to where the site has not sent it.

use std::sync::Arc;
use std::time::Duration;

use archiveopteryx::limits;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::Semaphore;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::trust;

/// A client for one authorization server.
#[derive(Clone)]
pub struct Web {
    agent: ureq::Agent,
    places: Arc<Semaphore>,
}

/// How we show who we are (RFC 6749 §2.3.1).
#[derive(Clone)]
pub struct Client {
    pub id: String,
    pub secret: String,
}

impl Web {
    /// A client that believes the authorities in `ca_file`, or else those of the system.
    pub fn new(ca_file: Option<&str>, timeout: Duration) -> Result<Web, String> {
        let authorities = trust::authorities(ca_file)?;
        let authorities: Vec<_> =
            authorities.iter().map(|authority| Certificate::from_der(authority).to_owned()).collect();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(authorities)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let agent = ureq::Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(timeout))
            .max_redirects(0)
            .proxy(None)
            .build()
            .new_agent();
        Ok(Web { agent, places: Arc::new(Semaphore::new(limits::WEB_QUESTIONS_MAX)) })
    }

    /// What is there at `url`.
    pub async fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        let request = self.agent.get(url).header("accept", "application/json");
        self.ask(move || request.call()).await
    }

    /// What `url` answers to a form.
    pub async fn post(
        &self,
        url: &str,
        client: &Client,
        form: Vec<(&'static str, String)>,
    ) -> Result<Vec<u8>, String> {
        let mut request = self.agent.post(url).header("accept", "application/json");
        if !client.id.is_empty() {
            let credentials = format!("{}:{}", form_encoded(&client.id), form_encoded(&client.secret));
            request = request.header("authorization", format!("Basic {}", STANDARD.encode(credentials)));
        }
        self.ask(move || request.send_form(form)).await
    }

    async fn ask(
        &self,
        question: impl FnOnce() -> Result<ureq::http::Response<ureq::Body>, ureq::Error> + Send + 'static,
    ) -> Result<Vec<u8>, String> {
        let place = self.places.clone().acquire_owned().await.map_err(|error| error.to_string())?;
        let answered = move || {
            let _place = place;
            let mut response = question()?;
            if response.status() != 200 {
                return Err(ureq::Error::StatusCode(response.status().as_u16()));
            }
            response.body_mut().with_config().limit(limits::WEB_ANSWER_BYTES_MAX).read_to_vec()
        };
        let answer = tokio::task::spawn_blocking(answered).await.map_err(|error| error.to_string())?;
        answer.map_err(|error| error.to_string())
    }
}

/// RFC 6749 appendix B: a name and a secret are encoded as in a form before they are joined by a colon.
fn form_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => encoded.push(octet.into()),
            b' ' => encoded.push('+'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_in_a_client_id_does_not_end_it() {
        assert_eq!(form_encoded("a:b c~\u{e4}"), "a%3Ab+c%7E%C3%A4");
    }
}
