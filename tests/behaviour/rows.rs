//! What the rows of a message hold: small texts beside the recipe, shared bodies once, and what SQL can ask of them.

use crate::support::{Lender, Scratch, units};
use archiveopteryx::db::{CheckMessages, CheckedPage, Columns, Extent, FetchPage, SearchPage, Wants};
use archiveopteryx::mailbox::{AccountId, MailboxId, MailboxKey, MessageId, Uid, UidSet};
use archiveopteryx::message::Section;
use archiveopteryx::search::{Collation, StoredLeaf};

const INBOX: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(1) };

const ACCOUNT: &str = "
    insert into aox.accounts (login, login_key) values ('anna', 'anna');
    insert into aox.mailboxes (account, name, uidvalidity) values (1, 'INBOX', 7)";

/// A message as rows held it when every body had a row of its own: sixteen octets of header, seven of body.
const OLD_MESSAGE: &str = r#"
    insert into aox.bodies (hash, octets, codec, data) values (sha256('hello\015\012'), 7, 0, 'hello\015\012');
    insert into aox.messages (account, id, digest, octets, header, recipe, arrived_at, message_id, in_reply_to,
            reference_ids, thread_root, envelope, bodystructure)
        values (1, 5000, sha256('Subject: old\015\012\015\012hello\015\012'), 23, 'Subject: old\015\012\015\012',
            '\001\000\020\027\001'::bytea || sha256('hello\015\012') || '\007\001\001\000\007\000'::bytea, now(), '<c@x>',
            '<b@x>', '{<a@x>,<b@x>}', '<a@x>', '(NIL "old" NIL NIL NIL NIL NIL NIL NIL NIL)', '()');
    insert into aox.mailbox_messages (account, mailbox, uid, message, modseq, internal_date, octets, saved_at)
        values (1, 1, 1, 5000, 2, now(), 23, now());
    update aox.mailboxes set uidnext = 2, messages = 1, unseen = 1, octets = 23"#;

/// A text that is small, and an attachment, which other messages may have too.
const LETTER: &str = "From: Anna <anna@example.org>\r\nTo: zoe@example.net\r\nSubject: Re: trees\r\n\
    Message-Id: <c@example.org>\r\nIn-Reply-To: <b@example.net>\r\nReferences: <a@example.net> <b@example.net>\r\n\
    X-Mood: cheerful\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\n\r\n\
    Thank you for the picture of the marmalade tree. I am looking forward to the next one.\r\n--cut\r\n\
    Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAANSUhEUg==\r\n--cut--\r\n";

fn test(scratch: Scratch, body: impl AsyncFnOnce(&Lender)) {
    units::runtime().block_on(async { body(&scratch.lender().await).await });
}

async fn append(lender: &Lender, messages: &[&str]) {
    let messages = messages.iter().map(|octets| units::appending(INBOX.account, *octets));
    lender.run(units::append(INBOX, messages)).await.expect("it is stored");
}

async fn check(lender: &Lender) -> CheckedPage {
    lender.run(CheckMessages { after: (0, 0) }).await.expect("they are read")
}

async fn whole(lender: &Lender, message: MessageId, columns: Columns) -> (Vec<u8>, Vec<u8>) {
    let extents = vec![Extent {
        section: Section { part: Vec::new(), text: None },
        origin: 0,
        length: u64::MAX,
        wants: Wants::Octets,
    }];
    let unit = FetchPage { account: INBOX.account, messages: vec![message], columns, extents };
    let fetched = lender.run(unit).await.expect("it is read").into_single().expect("it is there");
    let octets = fetched.recipe.as_ref().expect("it was asked for").octets;
    (fetched.octets(0..octets).expect("it is whole"), fetched.envelope)
}

/// All rows as text, columns joined by a space.
async fn ask(lender: &Lender, sql: &str) -> Vec<String> {
    let sql = format!(
        "select concat_ws(' ', variadic array(select value from jsonb_each_text(to_jsonb(q)))) from ({sql}) q"
    );
    let rows = lender.client().query(&sql, &[]).await.expect("it can be asked");
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn a_message_that_was_stored_before_rows_were_small_is_read_and_asked_about() {
    let scratch = Scratch::with_rows_of("0005", &format!("{ACCOUNT}; {OLD_MESSAGE}"));
    test(scratch, async |lender| {
        let page = check(lender).await;
        assert_eq!((page.messages, page.damaged), (1, Vec::new()));
        let columns = Columns { envelope: true, ..Columns::default() };
        let (octets, envelope) = whole(lender, MessageId(5000), columns).await;
        assert_eq!(octets, b"Subject: old\r\n\r\nhello\r\n");
        assert_eq!(envelope, b"(NIL \"old\" NIL NIL NIL NIL NIL NIL NIL NIL)");
        let thread = "select in_reply_to a, reference_ids[1] b, cardinality(reference_ids) c, thread_root d from aox_v1.messages";
        assert_eq!(ask(lender, thread).await, ["<b@x> <a@x> 2 <a@x>"]);
        append(lender, &[LETTER]).await;
        assert_eq!(check(lender).await.messages, 2);
    });
}

#[test]
fn a_small_text_is_with_its_message_and_an_attachment_is_shared() {
    let scratch = Scratch::start();
    scratch.sql(ACCOUNT);
    test(scratch, async |lender| {
        let second = LETTER.replace("picture", "photograph");
        append(lender, &[LETTER, &second]).await;
        let page = check(lender).await;
        assert_eq!((page.messages, page.damaged), (2, Vec::new()));
        assert_eq!(ask(lender, "select octets from aox.bodies").await, ["16"], "the attachment, once");
        assert_eq!(ask(lender, "select count(*) from aox.body_refs").await, ["2"]);
        let ids = ask(lender, "select id from aox.messages order by id").await;
        let ids: Vec<MessageId> = ids.iter().map(|id| MessageId(id.parse().expect("a number"))).collect();
        assert_eq!(whole(lender, ids[0], Columns::default()).await.0, LETTER.as_bytes());
        assert_eq!(whole(lender, ids[1], Columns::default()).await.0, second.as_bytes());
        let leaves = vec![StoredLeaf::Body("marmalade".into()), StoredLeaf::Body("photograph".into())];
        let uids = [1, 2].map(|uid| Uid::new(uid).expect("not 0"));
        let messages = ids.iter().copied().zip(uids).collect();
        let unit = SearchPage { key: INBOX, messages, leaves, collation: Collation::default(), reader: None };
        let expected = [UidSet::range(uids[0], uids[1]), UidSet::single(uids[1])];
        let answers = lender.run(unit).await.expect("it is searched");
        let selected: Vec<UidSet> = answers.into_iter().map(|answer| answer.selected).collect();
        assert_eq!(selected, expected);
    });
}

#[test]
fn the_server_s_role_can_ask_the_public_views() {
    let scratch = Scratch::start();
    scratch.sql(ACCOUNT);
    test(scratch, async |lender| {
        append(lender, &[LETTER, "Message-Id: <d@x>\r\nIn-Reply-To: <b@x>\r\n\r\n", "\r\n"]).await;
        let threads = "select uid a, in_reply_to b, thread_root c from aox_v1.messages order by uid";
        let expected = ["1 <b@example.net> <a@example.net>", "2 <b@x> <b@x>", "3"];
        assert_eq!(ask(lender, threads).await, expected);
        assert_eq!(
            ask(lender, "select value from aox_v1.header_fields where name = 'X-Mood'").await,
            ["cheerful"]
        );
        let parts = "select ordinal a, content_type b, body is not null c from aox_v1.parts
                     where message = (select min(message) from aox_v1.messages) order by ordinal";
        assert_eq!(
            ask(lender, parts).await,
            ["0 multipart/mixed false", "1 text/plain true", "2 image/png true"]
        );
        let addresses = "select field a, localpart b, domain c from aox_v1.addresses
                         where domain like 'example.%' order by field";
        assert_eq!(ask(lender, addresses).await, ["from anna example.org", "to zoe example.net"]);
    });
}
