//! The three kinds of failure: the client's mistake, a refusal, and our own bug.

/// Why a command did not do what was asked.
///
/// A conversation sorts every failure into one of these at a single place, and prints it in its own protocol:
/// IMAP says `BAD`, `NO [CODE]` or `NO [SERVERBUG]`; LMTP says 5xx or 4xx; `aox` says exit code 2 or 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The client's mistake: it said what the protocol does not allow. The text goes to the client.
    #[error("{0}")]
    Bad(String),
    /// A refusal, with the code that machines read and a text that people read.
    #[error("{text}")]
    No { code: Code, text: String },
    /// Our bug. The text is for the log only; the client hears a general sentence.
    #[error("internal error: {0}")]
    Bug(String),
}

/// The machine-readable reason of a refusal, named as the IMAP response code (RFC 5530, RFC 9051 §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    AlreadyExists,
    /// The value of an annotation is too long (RFC 5257).
    AnnotateTooBig,
    /// A message has as many annotations as it may have.
    AnnotateTooMany,
    AuthenticationFailed,
    AuthorizationFailed,
    BadCharset,
    /// No collation is like that (RFC 5255 §4.9).
    BadComparator,
    /// NOTIFY names an event that is not known here (RFC 5465).
    BadEvent,
    /// A URL leads to no message (RFC 4469 §4.1). The text is that URL.
    BadUrl,
    Cannot,
    /// What is asked for makes no sense, though the grammar allows it: the answer is BAD.
    ClientBug,
    Expired,
    /// Others have expunged what the client means, and it has not heard of that yet.
    ExpungeIssued,
    /// A filter is used in a program of another charset than it is written in (RFC 5466 §3.1): the answer is BAD.
    FilterCharset,
    HasChildren,
    InUse,
    Limit,
    /// A value is longer than `limits::METADATA_VALUE_BYTES_MAX` (RFC 5464).
    MetadataMaxSize,
    /// Nobody has a value of his own there.
    MetadataNoPrivate,
    /// There are as many entries as there may be.
    MetadataTooMany,
    NonExistent,
    NoPerm,
    /// More is to be told than can be told (RFC 5465).
    NotificationOverflow,
    OverQuota,
    PrivacyRequired,
    TooBig,
    /// A batch would have too few messages (RFC 10022).
    TooFew,
    TryCreate,
    /// The database, or something else that this server needs, cannot be reached now: a temporary failure.
    Unavailable,
    /// There is no filter of the name that the text is (RFC 5466).
    UndefinedFilter,
    UnknownCte,
    /// A mailbox cannot have the use that is asked for (RFC 6154).
    UseAttr,
    /// A refusal that has no code of its own.
    Other,
}

impl Error {
    pub fn bad(text: impl Into<String>) -> Self {
        Error::Bad(text.into())
    }

    pub fn no(code: Code, text: impl Into<String>) -> Self {
        Error::No { code, text: text.into() }
    }

    pub fn bug(text: impl Into<String>) -> Self {
        Error::Bug(text.into())
    }
}

impl Code {
    /// The code as IMAP prints it between brackets; None where IMAP has no word for it.
    pub fn imap(self) -> Option<&'static str> {
        Some(match self {
            Code::AlreadyExists => "ALREADYEXISTS",
            Code::AnnotateTooBig => "ANNOTATE TOOBIG",
            Code::AnnotateTooMany => "ANNOTATE TOOMANY",
            Code::AuthenticationFailed => "AUTHENTICATIONFAILED",
            Code::AuthorizationFailed => "AUTHORIZATIONFAILED",
            Code::BadCharset | Code::FilterCharset => "BADCHARSET",
            Code::BadComparator => "BADCOMPARATOR",
            Code::BadEvent => {
                "BADEVENT (MessageNew MessageExpunge FlagChange AnnotationChange MailboxName SubscriptionChange \
                 MailboxMetadataChange ServerMetadataChange)"
            }
            Code::BadUrl => "BADURL",
            Code::Cannot => "CANNOT",
            Code::ClientBug => "CLIENTBUG",
            Code::Expired => "EXPIRED",
            Code::ExpungeIssued => "EXPUNGEISSUED",
            Code::HasChildren => "HASCHILDREN",
            Code::InUse => "INUSE",
            Code::Limit => "LIMIT",
            Code::MetadataMaxSize => "METADATA MAXSIZE 65536",
            Code::MetadataNoPrivate => "METADATA NOPRIVATE",
            Code::MetadataTooMany => "METADATA TOOMANY",
            Code::NonExistent => "NONEXISTENT",
            Code::NoPerm => "NOPERM",
            Code::NotificationOverflow => "NOTIFICATIONOVERFLOW",
            Code::OverQuota => "OVERQUOTA",
            Code::PrivacyRequired => "PRIVACYREQUIRED",
            Code::TooBig => "TOOBIG",
            Code::TooFew => "TOOFEW",
            Code::TryCreate => "TRYCREATE",
            Code::Unavailable => "UNAVAILABLE",
            Code::UndefinedFilter => "UNDEFINED-FILTER",
            Code::UnknownCte => "UNKNOWN-CTE",
            Code::UseAttr => "USEATTR",
            Code::Other => return None,
        })
    }
}
