//! The bounds of metadata and of annotations: what is too long or too many is refused with its code, and changes nothing.

use crate::support::{Imap, Server};

#[test]
fn what_is_too_much_is_refused_with_its_code() {
    let server = Server::shared();
    server.add_user("anna-of-notes", "anna@notes.example", "secret");
    server.deliver("anna@notes.example", b"Subject: one\r\n\r\nx\r\n");
    let mut anna = server.imap("anna-of-notes", "secret");
    anna.ok("SELECT INBOX").expect("SELECT");
    too_many_annotations(&mut anna);
    too_much_metadata(&mut anna);
}

fn too_many_annotations(anna: &mut Imap) {
    let values = |count: usize| {
        let one = |n: usize| format!("/vendor/notes/n{n} (value.priv \"{n}\")");
        (0..count).map(one).collect::<Vec<_>>().join(" ")
    };
    anna.ok(&format!("STORE 1 ANNOTATION ({})", values(99))).expect("there is room for them");
    let refused = anna.command(&format!("STORE 1 ANNOTATION ({})", values(101))).expect("it answers");
    assert!(refused.result.starts_with("NO [ANNOTATE TOOMANY]"), "{}", refused.result);
    let told = anna.ok("FETCH 1 ANNOTATION (/vendor/notes/n1% size.priv)").expect("FETCH");
    assert_eq!(told[0].text().matches("size.priv").count(), 10, "none of the others is there");
    let long = "x".repeat(16 * 1024 + 1);
    let command = format!("STORE 1 ANNOTATION (/comment (value.priv {{{}+}}\r\n{long}))", long.len());
    let refused = anna.command(&command).expect("it answers");
    assert!(refused.result.starts_with("NO [ANNOTATE TOOBIG]"), "{}", refused.result);
}

fn too_much_metadata(anna: &mut Imap) {
    let values = |count: usize| {
        let one = |n: usize| format!("/private/vendor/notes/n{n} \"{n}\"");
        (0..count).map(one).collect::<Vec<_>>().join(" ")
    };
    anna.ok(&format!("SETMETADATA INBOX ({})", values(500))).expect("there is room for them");
    let refused = anna.command("SETMETADATA INBOX (/private/comment \"one more\")").expect("it answers");
    assert!(refused.result.starts_with("NO [METADATA TOOMANY]"), "{}", refused.result);
    anna.ok("SETMETADATA INBOX (/shared/comment \"those that all share are counted by themselves\")")
        .expect("there is room");
    anna.ok("SETMETADATA INBOX (/private/vendor/notes/n7 NIL /private/comment \"in its place\")")
        .expect("one is removed");
    let told = anna.ok("GETMETADATA INBOX (DEPTH infinity) /private").expect("GETMETADATA");
    assert!(told[0].text().contains("/private/comment \"in its place\""), "{}", told[0].text());
}
