//! The certificate of a server that was given none: nobody has signed it, so it keeps listeners out and no impostors.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};

/// Where it is kept in the home at `home`, with its key.
pub fn path(home: &Path) -> PathBuf {
    home.join("tls").join("self-signed.pem")
}

/// What a host of that name is called in its certificate: names there are ASCII.
pub fn name(hostname: &str) -> String {
    let fits = !hostname.is_empty() && hostname.is_ascii();
    if fits { hostname.to_ascii_lowercase() } else { "localhost".to_owned() }
}

/// Makes a new one for `hostname` and keeps it in place of what was there.
pub fn make(home: &Path, hostname: &str, now: Timestamp) -> Result<(), String> {
    let pem = certificate(hostname, now).map_err(|error| format!("no certificate can be made: {error}"))?;
    let path = path(home);
    keep(&path, &pem).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// The certificate and its key, as PEM.
fn certificate(hostname: &str, now: Timestamp) -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let name = name(hostname);
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend((name != "localhost").then_some(name.clone()));
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let midnight = |at: Timestamp| {
        let date = at.to_zoned(TimeZone::UTC).date();
        rcgen::date_time_ymd(date.year().into(), date.month() as u8, date.day() as u8)
    };
    // Clocks differ a little.
    params.not_before = midnight(now - SignedDuration::from_hours(24));
    params.not_after = midnight(now + SignedDuration::from_hours(24 * DAYS));
    Ok(params.self_signed(&key)?.pem() + &key.serialize_pem())
}

/// Writes a file that only its owner can read. Whoever reads it meanwhile sees the old one or the new one.
fn keep(path: &Path, pem: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let new = path.with_extension("new");
    // One that was left behind by a server that ended just then may have any mode.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

/// Clients that keep to the rules of authorities refuse certificates of more than 398 days.
const DAYS: i64 = 365;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_owner_can_read_it_and_it_is_replaced_as_a_whole() {
        let home = tempfile::tempdir().unwrap();
        for hostname in ["mail.example.org", "r\u{e4}tsel", ""] {
            make(home.path(), hostname, "2026-11-23T00:00:00Z".parse().unwrap()).unwrap();
            let mode = std::fs::metadata(path(home.path())).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(home.path().join("tls")).unwrap().count(), 1);
    }
}
