//! What clients can say, as a grammar: every command of every extension, made at random.

use crate::fuzz::engine::Random;

/// A rule, and what it stands for: one of these, in which `@name` stands for another rule. The first one has an end.
type Rule = (&'static str, &'static [&'static str]);

/// Makes something that the rule `name` describes.
pub fn make(name: &str, random: &mut Random) -> Vec<u8> {
    let mut made = Vec::new();
    extend(&mut made, name, random, 0);
    made
}

fn extend(made: &mut Vec<u8>, name: &str, random: &mut Random, depth: usize) {
    let choices = rule(name).unwrap_or_else(|| panic!("there is a rule for {name}"));
    let chosen = if depth > DEPTH_MAX { choices[0] } else { random.pick(choices) };
    let mut pieces = chosen.split('@');
    made.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(piece.len());
        match rule(&piece[..end]) {
            Some(_) => extend(made, &piece[..end], random, depth + 1),
            // An address.
            None => made.extend_from_slice(format!("@{}", &piece[..end]).as_bytes()),
        }
        made.extend_from_slice(&piece.as_bytes()[end..]);
    }
}

fn rule(name: &str) -> Option<&'static [&'static str]> {
    RULES.iter().find(|(known, _)| *known == name).map(|(_, choices)| *choices)
}

const DEPTH_MAX: usize = 8;

const RULES: &[Rule] = &[
    ("imap", IMAP),
    ("popcommand", POP3),
    ("mailboxcommand", MAILBOX_COMMANDS),
    ("find", FIND),
    ("uid", &["", "", "UID "]),
    ("number", &["1", "2", "3", "7", "0", "4294967295", "@digit@digit", "9223372036854775807"]),
    ("digit", &["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
    (
        "set",
        &[
            "1:*",
            "*",
            "1",
            "@digit",
            "@digit:@digit",
            "1:3,5,@digit:*",
            "@digit@digit:@digit",
            "$",
            "@number:@number",
        ],
    ),
    (
        "mailbox",
        &[
            "INBOX",
            "inbox",
            "Box@digit",
            "Box@digit/Sub@digit",
            "Work",
            "\"Other Users/anna/Work\"",
            "Trash",
            "Shared/open",
            "{5+}\r\nBox@digit@digit",
            "\"Gel&APY-scht\"",
            "\"Deleted Messages\"",
            "\"Deleted Messages/INBOX\"",
            "@astring",
        ],
    ),
    (
        "newbox",
        &[
            "Box@digit",
            "Box@digit/Sub@digit",
            "Box@digit",
            "\"Box @digit\"",
            "Box@digit/",
            "\"Other Users/anna/Work/Box@digit\"",
        ],
    ),
    (
        "astring",
        &[
            "a",
            "\"a b\"",
            "\"\"",
            "{3+}\r\na\"b",
            "\"\\\"\\\\\"",
            "\"Grüße\"",
            "{0+}\r\n",
            "NIL",
            "a]b",
            "{4+}\r\n\r\n\r\n",
        ],
    ),
    ("string", &["\"a\"", "\"hello\"", "{5+}\r\nworld", "\"\"", "{2+}\r\nä"]),
    (
        "pattern",
        &[
            "*",
            "%",
            "\"\"",
            "Box*",
            "\"%/%\"",
            "\"Other Users/*\"",
            "INBOX",
            "\"Deleted Messages/*\"",
            "@astring",
        ],
    ),
    (
        "flag",
        &["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$Forwarded", "$Junk", "Label@digit"],
    ),
    ("flags", &["(@flag)", "()", "(@flag @flag)", "(@flag @flag @flag)"]),
    ("date", &["1-Jan-2020", "31-Dec-1999", "\" 1-Feb-2026\"", "29-Feb-2025"]),
    (
        "datetime",
        &[
            "\" 1-Jan-2020 00:00:00 +0000\"",
            "\"31-Dec-1999 23:59:60 -1200\"",
            "\"29-Feb-2024 12:00:00 +0530\"",
        ],
    ),
    (
        "message",
        &[
            "{25+}\r\nSubject: a\r\n\r\nhello there",
            "{0+}\r\n",
            "~{27+}\r\nSubject: b\r\n\r\nhello\0there\r\n",
            "{10+}\r\nFrom: a@b\r",
            "{60+}\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--",
            "UTF8 (~{26+}\r\nSubject: ä\r\n\r\nhello there)",
        ],
    ),
    ("appended", &["@message", "@flags @message", "@datetime @message", "@flags @datetime @message"]),
    (
        "catenated",
        &[
            "TEXT @string",
            "TEXT {17+}\r\nSubject: a\r\n\r\nabc",
            "URL @url",
            "TEXT @string URL @url",
            "URL @url URL @url",
        ],
    ),
    (
        "url",
        &[
            "\"/INBOX/;UID=@digit\"",
            "\"/INBOX/;UID=@digit/;SECTION=TEXT\"",
            "\"/INBOX/;UID=@digit/;SECTION=1.MIME/;PARTIAL=0.@digit\"",
            "\"imap://mallory@localhost/INBOX/;UID=@digit;URLAUTH=anonymous\"",
            "\"imap://mallory@localhost/INBOX/;UID=1;EXPIRE=2030-01-01T00:00:00Z;URLAUTH=user+anna\"",
            "@astring",
        ],
    ),
    (
        "fetched",
        &["FLAGS", "UID", "ALL", "FULL", "FAST", "(@item)", "(@item @item)", "(UID @item @item @item)"],
    ),
    (
        "item",
        &[
            "FLAGS",
            "UID",
            "INTERNALDATE",
            "RFC822.SIZE",
            "ENVELOPE",
            "BODY",
            "BODYSTRUCTURE",
            "MODSEQ",
            "EMAILID",
            "THREADID",
            "SAVEDATE",
            "PREVIEW",
            "PREVIEW (LAZY)",
            "RFC822",
            "RFC822.HEADER",
            "RFC822.TEXT",
            "BODY[@section]",
            "BODY.PEEK[@section]",
            "BODY.PEEK[@section]<@number.@number>",
            "BINARY.PEEK[@partnumber]",
            "BINARY[@partnumber]<0.@number>",
            "BINARY.SIZE[@partnumber]",
        ],
    ),
    (
        "section",
        &[
            "",
            "HEADER",
            "TEXT",
            "1",
            "1.MIME",
            "2",
            "1.1",
            "HEADER.FIELDS (@astring)",
            "HEADER.FIELDS.NOT (Subject To)",
            "@digit.HEADER",
            "2.TEXT",
            "1.@digit.MIME",
        ],
    ),
    ("partnumber", &["1", "", "2", "1.1", "@digit.@digit"]),
    (
        "fetchmodifiers",
        &[
            "",
            "",
            " (CHANGEDSINCE @number)",
            " (CHANGEDSINCE 1 VANISHED)",
            " (PARTIAL -1:-@digit)",
            " (PARTIAL 1:@digit CHANGEDSINCE 1)",
        ],
    ),
    ("storemodifiers", &["", "", " (UNCHANGEDSINCE @number)"]),
    ("sign", &["", "+", "-"]),
    ("silent", &["", ".SILENT"]),
    (
        "key",
        &[
            "ALL",
            "SEEN",
            "UNSEEN",
            "DELETED",
            "NEW",
            "OLD",
            "RECENT",
            "ANSWERED",
            "@set",
            "UID @set",
            "KEYWORD Label@digit",
            "UNKEYWORD $Junk",
            "SUBJECT @astring",
            "BODY @astring",
            "TEXT @astring",
            "FROM @astring",
            "TO @astring",
            "CC @astring",
            "BCC a",
            "HEADER @astring @astring",
            "LARGER @number",
            "SMALLER @number",
            "BEFORE @date",
            "ON @date",
            "SINCE @date",
            "SENTBEFORE @date",
            "SENTON @date",
            "SENTSINCE @date",
            "SAVEDBEFORE @date",
            "SAVEDSINCE @date",
            "SAVEDON @date",
            "SAVEDATESUPPORTED",
            "YOUNGER @number",
            "OLDER @number",
            "MODSEQ @number",
            "MODSEQ \"/flags/\\\\Seen\" all @number",
            "EMAILID @astring",
            "THREADID a",
            "FUZZY SUBJECT @astring",
            "FUZZY BODY hello",
            "FILTER mine",
            "NOT @key",
            "OR @key @key",
            "(@key @key)",
            "@key @key",
            "UIDAFTER @number",
            "UIDBEFORE @number",
        ],
    ),
    (
        "results",
        &[
            "",
            "",
            " RETURN ()",
            " RETURN (@result)",
            " RETURN (@result @result)",
            " RETURN (@result @result @result)",
        ],
    ),
    (
        "result",
        &[
            "ALL",
            "MIN",
            "MAX",
            "COUNT",
            "SAVE",
            "PARTIAL 1:@digit",
            "PARTIAL -@digit:-1",
            "UPDATE",
            "CONTEXT",
            "RELEVANCY",
        ],
    ),
    ("charset", &["", "", " CHARSET UTF-8", " CHARSET US-ASCII", " CHARSET KOI9"]),
    (
        "sortkeys",
        &[
            "ARRIVAL",
            "REVERSE DATE",
            "SUBJECT",
            "FROM TO CC",
            "SIZE REVERSE SUBJECT",
            "DISPLAYFROM",
            "DISPLAYTO ARRIVAL",
            "RELEVANCY",
        ],
    ),
    ("threading", &["REFERENCES", "ORDEREDSUBJECT", "REFS"]),
    (
        "source",
        &[
            "selected",
            "personal",
            "inboxes",
            "subscribed",
            "subtree Box@digit",
            "mailboxes (INBOX Trash)",
            "subtree-one \"Other Users\"",
        ],
    ),
    (
        "events",
        &[
            "NONE",
            "(MessageNew MessageExpunge)",
            "(MessageNew (UID FLAGS @item) MessageExpunge)",
            "(MessageNew MessageExpunge FlagChange)",
            "(MessageNew MessageExpunge AnnotationChange)",
            "(MailboxName SubscriptionChange)",
            "(MailboxMetadataChange ServerMetadataChange)",
            "(MessageNew MessageExpunge FlagChange MailboxName)",
        ],
    ),
    (
        "groups",
        &[
            "(selected @events)",
            "(selected-delayed @events)",
            "(personal @events)",
            "(inboxes @events) (selected @events)",
            "(subtree Box@digit @events)",
            "(mailboxes (INBOX Trash) @events)",
            "(subscribed @events) (personal @events)",
        ],
    ),
    (
        "status",
        &[
            "MESSAGES",
            "UIDNEXT",
            "UIDVALIDITY",
            "UNSEEN",
            "RECENT",
            "DELETED",
            "SIZE",
            "HIGHESTMODSEQ",
            "MAILBOXID",
            "APPENDLIMIT",
            "DELETED-STORAGE",
        ],
    ),
    ("listed", &["", "(SUBSCRIBED) ", "(REMOTE) ", "(SUBSCRIBED RECURSIVEMATCH) ", "(SPECIAL-USE) ", "() "]),
    (
        "listreturn",
        &[
            "",
            "",
            " RETURN ()",
            " RETURN (CHILDREN)",
            " RETURN (SUBSCRIBED SPECIAL-USE)",
            " RETURN (STATUS (@status @status))",
            " RETURN (MYRIGHTS)",
            " RETURN (METADATA (/shared/comment /private/comment) CHILDREN)",
        ],
    ),
    ("who", &["anna", "mallory", "anyone", "-anna", "$staff", "nobody", "@astring"]),
    ("rights", &["lrs", "+w", "-w", "lrswipkxtea", "\"\"", "+a", "cd"]),
    (
        "entry",
        &[
            "/private/comment",
            "/shared/comment",
            "/private/vendor/a/b@digit",
            "/private/filters/values/mine",
            "/private/*",
            "/other",
            "(/private/comment /shared/x)",
        ],
    ),
    ("value", &["NIL", "@string", "~{3+}\r\n\0ab", "{3+}\r\nall"]),
    ("language", &["", " de", " en", " de-CH fr", " *", " @astring"]),
    (
        "extension",
        &["CONDSTORE", "QRESYNC", "IMAP4rev2", "UTF8=ACCEPT", "METADATA", "METADATA-SERVER", "NOTHING"],
    ),
    ("base", &["AG1hbGxvcnkAc2VjcmV0", "=", "", "!!!", "bixhPW1hbGxvcnk="]),
    (
        "annotations",
        &[
            "@note (value.priv @value)",
            "@note (value.shared @value)",
            "@note (value@whose NIL) @note (value.priv @value)",
        ],
    ),
    (
        "note",
        &["/comment", "/1/comment", "/altsubject", "/vendor/storm/@digit", "/*", "/%", "/@digit/flags/seen"],
    ),
    ("whose", &["", ".priv", ".shared"]),
    (
        "openparameters",
        &[
            "",
            "",
            " (CONDSTORE)",
            " (ANNOTATE)",
            " (QRESYNC (@number @number))",
            " (QRESYNC (7 @number 1:@digit))",
            " (QRESYNC (7 1 1:9 (1,@digit 2,@digit)))",
        ],
    ),
];

/// Commands, those more often that do more.
const IMAP: &[&str] = &[
    "@mailboxcommand",
    "@mailboxcommand",
    "@find",
    "@find",
    "NOOP",
    "CHECK",
    "CAPABILITY",
    "NAMESPACE",
    "ID NIL",
    "ID (\"name\" @string \"version\" NIL)",
    "LOGOUT",
    "UNAUTHENTICATE",
    "STARTTLS",
    "COMPRESS DEFLATE",
    "LANGUAGE@language",
    "COMPARATOR",
    "COMPARATOR i;octet",
    "COMPARATOR \"i;*\" @astring",
    "ENABLE @extension",
    "ENABLE @extension @extension",
    "ENABLE UIDONLY",
    "LOGIN mallory secret",
    "AUTHENTICATE PLAIN @base",
    "AUTHENTICATE PLAIN",
    "AUTHENTICATE SCRAM-SHA-256",
    "AUTHENTICATE @astring @base",
    "SELECT @mailbox@openparameters",
    "SELECT INBOX@openparameters",
    "SELECT INBOX",
    "EXAMINE @mailbox@openparameters",
    "CLOSE",
    "UNSELECT",
    "CREATE @newbox",
    "CREATE @mailbox (USE (\\Junk @flag))",
    "DELETE @newbox",
    "DELETE @mailbox",
    "RENAME @newbox @newbox",
    "RENAME INBOX @newbox",
    "RENAME @mailbox @mailbox",
    "SUBSCRIBE @mailbox",
    "UNSUBSCRIBE @mailbox",
    "LIST @astring @pattern",
    "LIST @listed\"\" @pattern@listreturn",
    "LIST @listed\"\" (@pattern @pattern)@listreturn",
    "LSUB \"\" @pattern",
    "STATUS @mailbox (@status @status @status)",
    "APPEND @mailbox @appended",
    "APPEND INBOX @appended @appended",
    "APPEND INBOX CATENATE (@catenated)",
    "APPEND INBOX ANNOTATION (@annotations) @appended",
    "IDLE",
    "NOTIFY NONE",
    "NOTIFY SET @groups",
    "NOTIFY SET STATUS @groups",
    "GETACL @mailbox",
    "SETACL @mailbox @who @rights",
    "DELETEACL @mailbox @who",
    "LISTRIGHTS @mailbox @who",
    "MYRIGHTS @mailbox",
    "GETQUOTA \"\"",
    "GETQUOTA @astring",
    "GETQUOTAROOT @mailbox",
    "SETQUOTA \"\" (STORAGE @number)",
    "GETMETADATA @mailbox @entry",
    "GETMETADATA \"\" @entry",
    "GETMETADATA (DEPTH infinity MAXSIZE @number) @mailbox @entry",
    "SETMETADATA @mailbox (@entry @value)",
    "SETMETADATA \"\" (/private/filters/values/mine @value)",
    "GENURLAUTH @url INTERNAL",
    "URLFETCH @url",
    "URLFETCH (@url BODYPARTSTRUCTURE BINARY)",
    "RESETKEY",
    "RESETKEY @mailbox INTERNAL",
    "CANCELUPDATE \"x@digit\"",
    "UIDBATCHES 500",
    "UIDBATCHES @number 1:@digit",
];

/// What needs an open mailbox.
const MAILBOX_COMMANDS: &[&str] = &[
    "@uidFETCH @set @fetched@fetchmodifiers",
    "@uidFETCH @set @fetched@fetchmodifiers",
    "@uidFETCH 1:* @fetched@fetchmodifiers",
    "@uidSTORE @set@storemodifiers @signFLAGS@silent @flags",
    "@uidSTORE @set @signFLAGS@silent @flags",
    "@uidSTORE @set@storemodifiers ANNOTATION (@annotations)",
    "@uidFETCH @set (@item ANNOTATION ((@note @note) (value size.priv)))",
    "@uidCOPY @set @mailbox",
    "@uidMOVE @set @mailbox",
    "@uidREPLACE @number @mailbox @appended",
    "@uidREPLACE @digit INBOX @message",
    "EXPUNGE",
    "UID EXPUNGE @set",
];

/// What finds messages.
const FIND: &[&str] = &[
    "@uidSEARCH@results@charset @key",
    "@uidSEARCH@results@charset @key",
    "@uidSORT@results (@sortkeys) UTF-8 @key",
    "@uidTHREAD @threading UTF-8 @key",
    "ESEARCH IN (@source)@results@charset @key",
    "ESEARCH IN (@source @source) RETURN (@result) @key",
    "@uidSEARCH@results ANNOTATION @note value@whose @value",
    "@uidSORT@results (ANNOTATION @note value.priv @sortkeys) UTF-8 @key",
];

const POP3: &[&str] = &[
    "STAT",
    "LIST",
    "LIST @digit",
    "UIDL",
    "UIDL @digit",
    "RETR @digit",
    "RETR @digit",
    "TOP @digit @number",
    "DELE @digit",
    "DELE @number",
    "RSET",
    "NOOP",
    "CAPA",
    "LANG",
    "LANG de",
    "LANG *",
    "UTF8",
    "LAST",
    "APOP mallory @astring",
    "USER mallory",
    "USER @astring",
    "PASS secret",
    "AUTH",
    "AUTH PLAIN",
    "AUTH PLAIN @base",
    "AUTH SCRAM-SHA-256 @base",
    "STLS",
    "QUIT",
    "RETR @number",
    "XTND @astring",
];

/// Whoever adds a command adds it here.
#[test]
fn every_command_can_be_said() {
    let all = [IMAP, MAILBOX_COMMANDS, FIND].concat().join("\n");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/imap/command");
    for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let Some(command) = name.strip_suffix(".RS").filter(|name| *name != "MOD") else { continue };
        let said =
            |line: &str| line.strip_prefix("@uid").unwrap_or(line).split([' ', '@']).next() == Some(command);
        assert!(all.lines().any(said), "nobody says {command}");
    }
}

#[test]
fn what_is_named_has_a_rule() {
    for seed in 0..3000 {
        make("imap", &mut Random::new(seed));
        make("popcommand", &mut Random::new(seed));
    }
}
