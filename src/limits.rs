//! Every upper bound, with its unit in the name and the reason beside it.

/// One LMTP command line. RFC 5321 §4.5.3.1.4 asks for 512; SMTPUTF8 and long parameters need more.
pub const LMTP_LINE_BYTES_MAX: usize = 4096;
/// Recipients of one LMTP transaction. RFC 5321 §4.5.3.1.8 asks for at least 100.
pub const LMTP_RECIPIENTS_MAX: usize = 1000;
/// Consecutive errors after which an LMTP client is told 421: it is not an MTA.
pub const LMTP_ERRORS_MAX: u32 = 50;

/// Silence after which an LMTP client is told 421. RFC 5321 §4.5.3.2.7 asks for five minutes.
pub const LMTP_IDLE_SECONDS_MAX: u64 = 300;
/// Octets of large mail that all LMTP clients together may have under way; each is held about three times. Who comes
/// when that is used up is read when there is room again.
pub const LMTP_LARGE_BYTES_IN_ALL: usize = 256 * 1024 * 1024;

/// Mailboxes that one recipient may stand for, and all recipients of a transaction together: each gets a copy, and the
/// client is answered behind the last of them.
pub const RECIPIENT_MAILBOXES_MAX: usize = 1000;
/// Places at which a local-part is tried to be parted into who and which mailbox.
pub const SUBADDRESSES_MAX: usize = 16;
/// A local-part. RFC 5321 §4.5.3.1.1 asks for 64; lists and bounce addresses are longer.
pub const ADDRESS_LOCALPART_BYTES_MAX: usize = 255;
/// The name of a user or of a group; longer ones would not fit clients' own limits.
pub const LOGIN_BYTES_MAX: usize = 255;
/// What a user or a group is called for people, or said to be.
pub const DISPLAY_NAME_BYTES_MAX: usize = 1000;

/// One IMAP command without its literals. RFC 7162 §4 asks servers to take 8,192 octets at least.
pub const IMAP_LINE_BYTES_MAX: usize = 64 * 1024;
/// The same before login: nothing longer than an AUTHENTICATE response is needed there.
pub const IMAP_LINE_BYTES_BEFORE_LOGIN_MAX: usize = 16 * 1024;
/// A literal in any command but APPEND (mailbox names, search strings, passwords).
pub const IMAP_LITERAL_BYTES_MAX: usize = 64 * 1024;
/// A literal that LITERAL- lets a client send without asking: RFC 7888 §5 says how many octets.
pub const IMAP_UNASKED_LITERAL_BYTES_MAX: u64 = 4096;
/// The same before login: only user names and passwords.
pub const IMAP_LITERAL_BYTES_BEFORE_LOGIN_MAX: usize = 4 * 1024;
/// All literals of one command but APPEND: as many as a long search needs.
pub const IMAP_LITERALS_BYTES_MAX: u64 = 1024 * 1024;
/// One POP3 command after login. RFC 2449 §4 asks for 255.
pub const POP3_LINE_BYTES_MAX: usize = 512;
/// The same before login, where a line may be the response of a SASL exchange, which holds a token.
pub const POP3_LINE_BYTES_BEFORE_LOGIN_MAX: usize = 16 * 1024;
/// Errors in a row after which a POP3 client is told so and closed. A client that asks for messages which are not
/// there makes as many.
pub const POP3_ERRORS_MAX: u32 = 100;
/// Octets of messages that are read ahead for one POP3 client: enough to make questions rare, and little to hold for
/// one that has stopped to ask.
pub const POP3_READ_AHEAD_BYTES: usize = 256 * 1024;
/// Seconds of silence after which a POP3 client is gone: RFC 1939 §3 asks for ten minutes at least.
pub const POP3_IDLE_SECONDS_MAX: u64 = 11 * 60;
/// Seconds that a POP3 client may take to log in, all in all.
pub const POP3_LOGIN_SECONDS_MAX: u64 = 10 * 60;
/// A message that is taken apart where it arrives; a larger one would keep other clients of the thread waiting.
pub const INLINE_MESSAGE_BYTES_MAX: usize = 128 * 1024;
/// BAD answers in a row after which an IMAP client hears BYE: it is not an IMAP client.
pub const IMAP_ERRORS_MAX: u32 = 50;
/// Words that one SEARCH may look for nearly: each is compared with every word of the text index.
pub const FUZZY_WORDS_MAX: usize = 32;
/// Nested parentheses in a SEARCH program: deeper ones would only test the stack.
pub const SEARCH_DEPTH_MAX: usize = 64;
/// How often what filters stand for is put in their places, when that names filters again: RFC 5466 §3.1 asks for three
/// times at least.
pub const FILTER_PASSES_MAX: usize = 8;
/// Keys in one SEARCH program.
pub const SEARCH_KEYS_MAX: usize = 5000;
/// Seconds of silence after which a client is told how far its command has come: RFC 9585 §4 recommends 10 to 15.
pub const PROGRESS_SECONDS: u64 = 10;
/// Messages in one of the batches that UIDBATCHES tells: smaller ones must be refused, larger ones taken (RFC 10022 §3.1.3).
pub const UID_BATCH_MESSAGES_MIN: u32 = 500;
/// Searches that are kept up to date for one client: each change of its mailbox is looked at by each of them.
pub const CONTEXTS_MAX: usize = 16;
/// Octets of a subject or an address by which messages are sorted: what differs later looks the same in any list.
pub const SORT_KEY_BYTES_MAX: usize = 500;
/// Octets of what SORT and THREAD compare that stay in memory, for all mailboxes together: some 100 for each message.
pub const SORT_KEYS_CACHE_BYTES: usize = 256 * 1024 * 1024;
/// Messages whose sort keys one unit reads before others have their turn on the connection.
pub const SORT_KEYS_UNIT_MESSAGES: usize = 1000;
/// Messages that are sorted or threaded where the command is carried out: it takes less than a millisecond.
pub const INLINE_MESSAGES_MAX: usize = 1000;
/// Steps for each reference in which THREAD looks whether it closes a loop. Mail takes less than one.
pub const THREAD_STEPS_PER_LINK: usize = 1000;

/// A mailbox name in UTF-8 octets; longer names do not survive clients' own stores.
pub const MAILBOX_NAME_BYTES_MAX: usize = 1000;
/// Levels of one mailbox name.
pub const MAILBOX_DEPTH_MAX: usize = 32;
/// Mailboxes of one account.
pub const MAILBOXES_PER_ACCOUNT_MAX: usize = 50_000;
/// Entries in the list of rights of one mailbox: more would be a group.
pub const RIGHTS_PER_MAILBOX_MAX: usize = 1000;
/// An identifier of RFC 4314 in octets: a login or the name of a group, with what is written before it.
pub const IDENTIFIER_BYTES_MAX: usize = 300;
/// The name of an entry of METADATA, in octets: what a quoted string of any client holds.
pub const METADATA_ENTRY_BYTES_MAX: usize = 255;
/// One value there, in octets: as much as the literal that brings it may have. RFC 5464 §4.1 asks for 1,024 at least.
pub const METADATA_VALUE_BYTES_MAX: usize = IMAP_LITERAL_BYTES_MAX;
/// Entries of one mailbox, or of the server, that all share, and as many that are private to each user. RFC 5464 §4.1 asks
/// for ten at least.
pub const METADATA_ENTRIES_MAX: i64 = 500;
/// Octets of all their values together, so that one answer holds them.
pub const METADATA_BYTES_MAX: i64 = 1024 * 1024;
/// Changes of an account's metadata behind which the removal of an entry is still to be found.
pub const METADATA_REMOVALS_KEPT: i64 = 1000;
/// The name of an entry of an annotation, in octets.
pub const ANNOTATION_ENTRY_BYTES_MAX: usize = 255;
/// The value of an annotation, in octets. RFC 5257 §4.1 asks for 1,024 at least.
pub const ANNOTATION_VALUE_BYTES_MAX: usize = 16 * 1024;
/// Annotations of one message that all share, and as many that are private to each user. RFC 5257 §4.1 asks for ten at
/// least.
pub const ANNOTATIONS_PER_MESSAGE_MAX: i64 = 100;
/// Octets of their values together: a page of FETCH holds those of some messages.
pub const ANNOTATION_BYTES_PER_MESSAGE_MAX: i64 = 64 * 1024;
/// Octets that a message's annotations are taken for when it is counted what fits on a page of FETCH.
pub const ANNOTATION_BYTES_EXPECTED: u64 = 16 * 1024;
/// One keyword, in octets.
pub const KEYWORD_BYTES_MAX: usize = 255;
/// Distinct keywords in one mailbox. Past it, PERMANENTFLAGS stops offering `\*`.
pub const KEYWORDS_PER_MAILBOX_MAX: usize = 1000;

/// Messages whose rows one page of FETCH reads from the database before it writes them out.
pub const FETCH_PAGE_MESSAGES: usize = 500;
/// Octets of message content that one page of FETCH holds in memory; a single larger message is a page of its own.
pub const FETCH_PAGE_BYTES: usize = 1024 * 1024;
/// Octets of the first text of a message, as they are sent, that a PREVIEW is made of: 256 characters are in there, also
/// where they are in HTML.
pub const PREVIEW_SOURCE_BYTES: u64 = 16 * 1024;
/// Octets of small messages that were read lately and stay in memory, for all clients of a process together.
pub const MESSAGE_CACHE_BYTES: usize = 64 * 1024 * 1024;
/// A message that is kept there: a larger one costs little for each of its octets to be read again.
pub const CACHED_MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Octets of ENVELOPE that were read lately and stay in memory ready to be printed, for all clients of a process together:
/// those of some 120,000 messages.
pub const ENVELOPE_CACHE_BYTES: usize = 64 * 1024 * 1024;
/// The same of BODYSTRUCTURE, which is shorter.
pub const BODYSTRUCTURE_CACHE_BYTES: usize = 32 * 1024 * 1024;
/// A text that is kept there: longer ones are rare, and would drive out many others.
pub const CACHED_PRINTED_BYTES_MAX: usize = 16 * 1024;
/// Octets of answers from memory that are written out at once: large enough to cost few switches, small enough to hold.
pub const FETCH_EMIT_BYTES: usize = 64 * 1024;
/// Messages whose flags one transaction of STORE changes: until it commits, who delivers to the mailbox waits, for some
/// ten milliseconds.
pub const STORE_UNIT_MESSAGES: usize = 5000;
/// Uids that are left free before the copies of a large COPY, and one more for each copy: so many messages may come into the
/// mailbox, and so many changes happen there, while it is under way. 4,000 a second have five seconds, and as long as the
/// copying takes, which makes more copies than that.
pub const COPY_AHEAD_UIDS: i64 = 20_000;
/// Messages whose text one page of SEARCH reads.
pub const SEARCH_PAGE_MESSAGES: usize = 500;
/// Messages that one unit of SEARCH asks, page by page, before others have their turn on the connection.
pub const SEARCH_UNIT_MESSAGES: usize = 10_000;
/// Messages that are read at once without asking the text index: that would take as long.
pub const SEARCH_UNINDEXED_MESSAGES: usize = 32;
/// Text of a message that the text index takes; one with more is read by every search that comes to it.
pub const INDEXED_TEXT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Messages of one block of the text index: more make the words of a block fewer in all, and a change of it dearer.
pub const INDEX_BLOCK_MESSAGES_MAX: usize = 4096;
/// Octets of a block before compression: what a search and the indexer hold of it in memory.
pub const INDEX_BLOCK_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Messages that the indexer takes at a time.
pub const INDEX_UNIT_MESSAGES: usize = 1024;
/// Octets of words that it takes at a time.
pub const INDEX_UNIT_BYTES: usize = 4 * 1024 * 1024;
/// Octets of text from which it takes them.
pub const INDEX_UNIT_TEXT_BYTES: usize = 16 * 1024 * 1024;
/// Deleted messages that one transaction takes back: their mailboxes are locked for some tens of milliseconds.
pub const UNDELETE_UNIT_MESSAGES: usize = 1000;
/// Messages that one answer to an administrator lists.
pub const LISTED_MESSAGES_MAX: u32 = 100_000;
/// Octets queued for one client that is slow to read before its commands wait.
pub const OUTBOX_CHUNKS_MAX: usize = 4;

/// Decoded octets of one stored chunk of a body: what a partial fetch reads at least.
pub const BODY_CHUNK_BYTES: usize = 512 * 1024;
/// Octets of small texts that are kept with the recipe of their message. Packed, they and a usual header leave room for
/// three rows on a page of the database.
pub const SMALL_TEXTS_BYTES_MAX: usize = 4 * 1024;
/// Deliveries that share one commit: more only make the first of them wait.
pub const DELIVERY_GROUP_MESSAGES_MAX: usize = 64;
/// Octets of mail in one group, so that a group of large messages stays within memory.
pub const DELIVERY_GROUP_BYTES_MAX: usize = 16 * 1024 * 1024;
/// MIME parts of one message that are taken apart; what lies deeper stays inside its parent.
pub const PARTS_MAX: usize = 10_000;
/// Levels of MIME nesting that are described.
pub const PART_DEPTH_MAX: usize = 64;
/// Messages, over all mailboxes, whose snapshots stay in memory (some 50 octets each) when nobody has them open.
pub const SNAPSHOT_CACHE_MESSAGES: usize = 2_000_000;
/// Passwords remembered as verified, some 200 octets each.
pub const KNOWN_PASSWORDS_MAX: usize = 100_000;
/// Failed logins that cost no wait: people mistype.
pub const LOGIN_FAILURES_FREE: f64 = 3.0;
/// The longest wait of a login, in seconds: most clients give up after 30.
pub const LOGIN_DELAY_SECONDS_MAX: f64 = 20.0;
/// Seconds in which half of the failed logins is forgotten, so that an hour makes up for any number of them.
pub const LOGIN_FAILURES_HALVE_SECONDS: f64 = 900.0;
/// Failed logins that are counted: more change nothing but how long they are remembered.
pub const LOGIN_FAILURES_MAX: f64 = 16.0;
/// Logins from one address that wait at the same time; one more is refused at once, as no person makes so many.
pub const LOGINS_WAITING_PER_ADDRESS_MAX: usize = 16;
/// Attempts to log in that wait to be written down; each has some 200 octets.
pub const LOGIN_RECORDS_MAX: usize = 20_000;
/// Passwords remembered as accepted by the directory; each is forgotten after a minute or so.
pub const KNOWN_BINDS_MAX: usize = 10_000;
/// Tokens remembered as good.
pub const KNOWN_TOKENS_MAX: usize = 10_000;
/// A token: in base64, with a name beside it, it has to fit into one line before login. Web servers take no longer ones.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// An answer of an authorization server: key sets are some 10 KiB.
pub const WEB_ANSWER_BYTES_MAX: u64 = 1024 * 1024;
/// Keys of an issuer; a token without the name of its key is compared with each.
pub const SIGNING_KEYS_MAX: usize = 100;
/// Questions to an authorization server at once: each occupies a thread until it is answered.
pub const WEB_QUESTIONS_MAX: usize = 8;
/// A client that takes nothing of what it is sent is given up after this: its connection holds memory.
pub const CLIENT_TAKES_NOTHING_SECONDS_MAX: u64 = 300;
/// What a client has for its part of a TLS handshake: even over a slow line that is four packets.
pub const TLS_HANDSHAKE_SECONDS_MAX: u64 = 30;
/// How often the files of TLS are looked at: a certificate that was renewed is in use soon after.
pub const TLS_FILES_LOOK_SECONDS: u64 = 5;
/// Handshakes under way at once: each has buffers and, for a moment, a core. More wait for their turn.
pub const TLS_HANDSHAKES_MAX: usize = 4096;
/// Attempts to log in that one answer to the administrator shows.
pub const LISTED_LOGINS_MAX: u32 = 100_000;
/// A file that is made unreadable for a report, which is held in memory.
pub const ANONYMISED_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Events that one answer to the administrator shows.
pub const LISTED_EVENTS_MAX: u32 = 100_000;
/// Events under one seal: what is verified at a time fits in memory.
pub const SEAL_ENTRIES_MAX: i32 = 1000;
/// Seals that are read at a time to be verified; in quiet times each has few events.
pub const VERIFIED_SEALS_MAX: i64 = 100;
/// How often events are sealed, in seconds: what was changed before shows nowhere.
pub const SEAL_INTERVAL_SECONDS: u64 = 5;
/// How much of a file of heads is compared, in octets from its end: some 5000 heads, which fit into a request.
pub const AUDIT_HEADS_BYTES_MAX: u64 = 512 * 1024;
/// Seconds without a command after which an IMAP client is logged out, unless it is in IDLE: RFC 3501 §5.4 asks for 30 minutes at least.
pub const IMAP_IDLE_SECONDS_MAX: u64 = 31 * 60;
/// How often a client in IDLE is told that it is not forgotten: sooner than routers forget a connection, for which RFC 5382
/// §5 wants two hours and which many do after five minutes; seldom enough for telephones to sleep.
pub const IMAP_STILL_HERE_SECONDS: u64 = 4 * 60;
/// From the connection to the login, in all: nobody has anything to think about there, and what a client says meanwhile
/// gains it no time.
pub const IMAP_LOGIN_SECONDS_MAX: u64 = 2 * 60;
/// Messages that the vacuum looks at in one transaction, without changing them: a second or two with many policies.
pub const VACUUM_LOOK_MESSAGES: i64 = 5000;
/// Messages whose texts the vacuum reads in one transaction, for policies that ask for them.
pub const VACUUM_READ_MESSAGES: i64 = 500;
/// Messages that the vacuum ends in one transaction at most: deliveries may wait for as long for the rows it locks.
pub const VACUUM_BATCH_MESSAGES_MAX: u32 = 5000;
/// Seconds of silence after which a run of the vacuum was broken off: its longest step takes few.
pub const VACUUM_SILENCE_SECONDS: f64 = 30.0;
/// Days for which a delivery is remembered whose client has not evidently heard of it: no mail server tries for longer.
pub const RECEIPT_DAYS: i64 = 10;
/// Octets of mail in one request to import: one message at least fits, as none may be larger than 2 GB, and a client sends
/// no more than that or 4 MB of small ones.
pub const IMPORT_BYTES_MAX: usize = 2_000_000_000;
/// Octets of mail that an export reads at once, before any of it is written; a larger message comes alone.
pub const EXPORT_PAGE_BYTES: u64 = 4 * 1024 * 1024;
/// Messages that an export reads at once.
pub const EXPORT_PAGE_MESSAGES: usize = 100;
/// Mailboxes that one client may watch by NOTIFY: what it knows of each takes some 300 octets.
pub const NOTIFY_MAILBOXES_MAX: usize = 10_000;

/// Changes of a reader's own \Seen in one mailbox that are kept apart, each with its mod-sequence: a few KiB that are
/// written anew with each. Older ones count as one, so that a client that was away for long hears more than it needs.
pub const SEEN_CHANGES_MAX: i32 = 200;
