//! Every message of the corpus is taken apart and comes back to the byte, whatever is wrong with it.

use std::path::{Path, PathBuf};

use archiveopteryx::limits;
use archiveopteryx::message::quoted_printable::Breaks;
use archiveopteryx::message::shape::Shape;
use archiveopteryx::message::{self, Encoding, Segment, TakenApart, canonical, take_apart};
use proptest::prelude::*;

use crate::fuzz::mail::{bodies, check};

/// The corpus folder: AOX_MAIL_CORPUS, or the one beside the checkout when there is one.
fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/mail");
    let folder = std::env::var_os("AOX_MAIL_CORPUS").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: there is no mail corpus at {}", folder.display());
    None
}

/// The messages of the corpus, as its manifest lists them.
fn messages() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = corpus() else { return Vec::new() };
    let manifest = std::fs::read_to_string(folder.join("MANIFEST.tsv")).expect("the corpus has a manifest");
    let names = manifest.lines().skip(1).filter_map(|line| line.split('\t').next());
    names
        .map(|name| (name.to_string(), std::fs::read(folder.join(name)).expect("a listed file exists")))
        .collect()
}

/// What the test reports.
#[derive(Default, Debug)]
struct Counts {
    messages: usize,
    octets: usize,
    verbatim: usize,
    recipe_octets: usize,
    base64_decoded: usize,
    base64_identity: usize,
    quoted_printable_decoded: usize,
    quoted_printable_identity: usize,
    quoted_printable_lines_predicted: usize,
    without_date: usize,
    without_addresses: usize,
}

impl Counts {
    fn add(&mut self, apart: &TakenApart) {
        self.messages += 1;
        self.octets += apart.size as usize;
        self.verbatim += usize::from(apart.recipe.verbatim);
        self.recipe_octets += apart.recipe.to_bytes().len();
        self.without_date += usize::from(apart.derived.sent_at.is_none());
        self.without_addresses += usize::from(apart.derived.addresses.is_empty());
        for part in &apart.recipe.parts {
            let segment = part.segment.map(|segment| &apart.recipe.segments[segment]);
            let Some(Segment::Leaf { shape, .. }) = segment else { continue };
            match (shape, part.encoding) {
                (Shape::Base64(_), _) => self.base64_decoded += 1,
                (Shape::QuotedPrintable(shape), _) => {
                    self.quoted_printable_decoded += 1;
                    let predicted = matches!(&shape.breaks, Breaks::Width { .. });
                    self.quoted_printable_lines_predicted += usize::from(predicted);
                }
                (Shape::Identity, Encoding::Base64) => self.base64_identity += 1,
                (Shape::Identity, Encoding::QuotedPrintable) => self.quoted_printable_identity += 1,
                _ => {}
            }
        }
    }
}

#[test]
fn every_message_of_the_corpus_comes_back_to_the_byte() {
    let mut counts = Counts::default();
    for (name, octets) in messages() {
        counts.add(&check(&name, &canonical(octets).bytes));
    }
    println!("{counts:#?}");
    assert!(counts.verbatim * 1000 <= counts.messages, "more than one in a thousand was stored verbatim");
}

#[test]
fn damaged_messages_of_the_corpus_come_back_too() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below.max(1) as u64) as usize
    };
    for (name, octets) in messages().into_iter().step_by(40).filter(|(_, octets)| octets.len() < 100_000) {
        for round in 0..6 {
            let mut damaged = octets.clone();
            if round % 2 == 0 {
                damaged.truncate(random(octets.len()));
            }
            for _ in 0..round * 3 {
                let at = random(damaged.len());
                if let Some(octet) = damaged.get_mut(at) {
                    *octet = b"\r\n-=\"<>(:;, \0a\xff"[random(15)];
                }
            }
            check(&format!("{name}, damaged {round}"), &canonical(damaged).bytes);
        }
    }
}

/// A line that makes trouble where it stands.
fn line() -> impl Strategy<Value = String> {
    let troublesome = [
        "",
        "--b",
        "--b--",
        "--c",
        "--bc",
        "Content-Type: multipart/mixed; boundary=b",
        "Content-Type: multipart/digest; boundary=\"c\"",
        "Content-Type: message/rfc822",
        "Content-Type: multipart/mixed",
        "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: quoted-printable",
        "aGVsbG8gd29ybGQ=",
        "aGVsbG8gd29ybGQh",
        "=E4 soft =",
        "From: <<a@b>, \"c",
        "To: g: a@b, (c;",
        "Date: 32 Feb 99",
        "Subject: =?q?",
    ];
    prop_oneof![
        8 => proptest::sample::select(troublesome.to_vec()).prop_map(str::to_string),
        1 => "[ -~]{0,40}",
        1 => "[=<>\"(),;:@a]{0,20}",
    ]
}

proptest! {
    // The failing input is printed whole; there is no place beside an integration test to keep it.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn messages_of_random_lines_come_back(lines in proptest::collection::vec(line(), 0..40), end in any::<bool>()) {
        let mut text = lines.join("\r\n");
        if end {
            text.push_str("\r\n");
        }
        check(&text, text.as_bytes());
    }

    #[test]
    fn random_octets_come_back(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        check("random octets", &canonical(octets).bytes);
    }
}

#[test]
fn messages_beyond_every_limit_come_back() {
    let level = |i| format!("Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n");
    let deep: String = (0..300).map(level).collect();
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(300);
    let wide = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n",
        "--b\r\n\r\nx\r\n".repeat(20_000)
    );
    let preamble =
        format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b\r\n\r\nx", "line\r\n".repeat(5000));
    for message in [deep, nested] {
        assert!(check("deep", message.as_bytes()).recipe.parts.len() <= limits::PART_DEPTH_MAX + 1);
    }
    let apart = take_apart(wide.as_bytes());
    assert_eq!(apart.recipe.parts.len(), limits::PARTS_MAX);
    assert!(message::rebuild(&apart.header, &apart.recipe, &bodies(&apart)) == wide.as_bytes());
    assert!(
        check("preamble", preamble.as_bytes()).recipe.to_bytes().len() < 500,
        "a long preamble is a body"
    );
}

#[test]
fn what_is_made_unreadable_keeps_its_form() {
    let mut others = Vec::new();
    for (name, octets) in messages() {
        let original = canonical(octets).bytes;
        let covered = message::anonymise(&original, 42);
        assert_eq!(covered.len(), original.len(), "{name}");
        let form = |octets: &[u8]| {
            let parts = take_apart(octets).recipe.parts.into_iter();
            let form =
                parts.map(|part| (part.header, part.body, part.kind, part.content_type, part.encoding));
            form.collect::<Vec<_>>()
        };
        if form(&covered) != form(&original) {
            others.push(name);
        }
    }
    assert!(others.is_empty(), "{others:?}");
}
