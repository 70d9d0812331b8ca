//! Which logins the certificates of clients open. A map of the site is read again when it has changed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use archiveopteryx::identity::certificate::{CertificateMap, Subject};
use archiveopteryx::settings::{self, CertificateIdentity};

/// Shared by all connections of the server. The default lets nobody in.
#[derive(Clone, Default)]
pub struct Certificates {
    identity: CertificateIdentity,
    file: PathBuf,
    map: Arc<Mutex<Map>>,
}

/// The map as it was read last.
#[derive(Default)]
struct Map {
    changed: Option<SystemTime>,
    map: CertificateMap,
}

impl Certificates {
    /// Reads what the settings name.
    pub fn open(settings: &settings::Login) -> Result<Certificates, String> {
        let certificates = Certificates {
            identity: settings.certificate_identity,
            file: PathBuf::from(&settings.certificate_map),
            map: Arc::default(),
        };
        if certificates.identity == CertificateIdentity::Map {
            certificates.read().map_err(|error| format!("login.certificate_map: {error}"))?;
        }
        Ok(certificates)
    }

    /// The login that a client may take whose certificate was verified in the handshake.
    pub fn login(&self, certificate: &[u8]) -> Option<String> {
        if self.identity == CertificateIdentity::Off {
            return None;
        }
        if self.identity == CertificateIdentity::Map
            && let Err(error) = self.read()
        {
            tracing::warn!(error, "the map of certificates stays as it was");
        }
        let login = Subject::of(certificate)?.login(self.identity, &self.map().map);
        if login.is_none() {
            tracing::debug!("a client's certificate names nobody here");
        }
        login
    }

    /// Reads the map, unless it is as it was.
    fn read(&self) -> Result<(), String> {
        let told = |error| format!("{} cannot be read: {error}", self.file.display());
        let changed = std::fs::metadata(&self.file).and_then(|file| file.modified()).map_err(told)?;
        let mut map = self.map();
        if map.changed != Some(changed) {
            let text = std::fs::read_to_string(&self.file).map_err(told)?;
            map.map = CertificateMap::parse(&text)
                .map_err(|mistakes| format!("{}: {}", self.file.display(), mistakes.join("; ")))?;
            map.changed = Some(changed);
        }
        Ok(())
    }

    fn map(&self) -> std::sync::MutexGuard<'_, Map> {
        // A panic elsewhere cannot have left it half read.
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_that_is_missing_or_wrong_is_told_with_its_setting() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "anna nonsense\n").unwrap();
        for (path, complaint) in
            [("/nonexistent", "cannot be read"), (file.path().to_str().unwrap(), "line 1")]
        {
            let settings = settings::Login {
                certificate_identity: CertificateIdentity::Map,
                certificate_map: path.to_owned(),
                ..settings::Login::default()
            };
            let error = Certificates::open(&settings).err().unwrap();
            assert!(error.starts_with("login.certificate_map: ") && error.contains(complaint), "{error}");
        }
    }
}
