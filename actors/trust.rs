//! Whose certificates are believed when this server is the client: of a database, a directory, an authorization server.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The authorities in a file of PEM, or else those that this system trusts.
pub fn authorities(file: Option<&str>) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(path) = file else { return Ok(rustls_native_certs::load_native_certs().certs) };
    CertificateDer::pem_file_iter(path)
        .and_then(|found| found.collect::<Result<Vec<_>, _>>())
        .map_err(|error| format!("{path} cannot be read: {error}"))
}

/// The same, as rustls takes them. In a file of the site's own each must be good; systems have some that are not.
pub fn roots(file: Option<&str>) -> Result<rustls::RootCertStore, String> {
    let mut store = rustls::RootCertStore::empty();
    let found = authorities(file)?;
    match file {
        Some(path) => {
            for authority in found {
                store.add(authority).map_err(|error| format!("{path}: {error}"))?;
            }
        }
        None => {
            store.add_parsable_certificates(found);
        }
    }
    Ok(store)
}

/// A client that believes those authorities, and looks at the name of the server.
pub fn client_config(file: Option<&str>) -> Result<rustls::ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots(file)?).with_no_client_auth())
}
