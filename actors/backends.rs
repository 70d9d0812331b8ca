//! The sources of truth beside the database: what they are asked, and which of them the settings name.

use std::pin::Pin;
use std::sync::Arc;

use archiveopteryx::error::{Code, Error};
use archiveopteryx::identity::bearer::Flaw;
use archiveopteryx::identity::directory::Entry;
use archiveopteryx::mailbox::FirstMailbox;
use archiveopteryx::settings::Settings;
use archiveopteryx::wire::sasl;

use crate::certificates::Certificates;
use crate::database::Database;
use crate::directory::Directory;
use crate::new_accounts;
use crate::tokens::Tokens;

/// What a source outside the database is asked, while others are served.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + 'a>>;

/// A first look at a source.
pub type Looking<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Where passwords are verified that this database does not keep.
pub trait PasswordSource: Send + Sync {
    /// Whose password it is, when `login` names somebody there. An error is temporary, never a wrong password.
    fn check<'a>(&'a self, login: &'a str, password: &'a sasl::Password) -> Asking<'a, Option<Entry>>;

    /// Says in the log whether it can be asked now.
    fn look(&self) -> Looking<'_>;

    /// Makes an account for somebody who has none; false when the site does not want that.
    fn admit<'a>(&'a self, database: &'a actix::Addr<Database>, entry: &'a Entry) -> Asking<'a, bool>;
}

/// Where bearer tokens are verified.
pub trait TokenSource: Send + Sync {
    /// The login that the token is for; None when it is not valid. An error is temporary, or says that the token is for
    /// something else.
    fn check<'a>(&'a self, token: &'a str) -> Asking<'a, Option<String>>;

    /// What a client is told that has no valid token.
    fn terms(&self) -> sasl::OAuthTerms;

    /// Says in the log whether tokens can be verified now.
    fn look(&self) -> Looking<'_>;
}

/// The sources that there are.
#[derive(Clone, Default)]
pub struct Backends {
    pub passwords: Option<Arc<dyn PasswordSource>>,
    pub tokens: Option<Arc<dyn TokenSource>>,
    pub certificates: Certificates,
}

impl Backends {
    /// Those that the settings name. What is wrong about the settings is said with their names.
    pub fn open(settings: &Settings) -> Result<Backends, String> {
        let mut backends =
            Backends { certificates: Certificates::open(&settings.login)?, ..Backends::default() };
        if settings.ldap.is_on() {
            let directory = Directory::new(&settings.ldap)?;
            backends.passwords = Some(Arc::new(People {
                directory,
                admits: settings.ldap.create_accounts,
                first_mailboxes: settings.accounts.first_mailboxes.clone(),
            }));
        }
        if settings.oauth.is_on() {
            backends.tokens = Some(Arc::new(Tokens::new(&settings.oauth)?));
        }
        Ok(backends)
    }

    /// Says in the log who can be reached. Who cannot stops nothing: each login tries again.
    pub async fn look(self) {
        if let Some(passwords) = &self.passwords {
            passwords.look().await;
        }
        if let Some(tokens) = &self.tokens {
            tokens.look().await;
        }
    }
}

/// The people of a directory.
struct People {
    directory: Directory,
    /// Whether those who have no account get one.
    admits: bool,
    /// What such an account has at first.
    first_mailboxes: Vec<FirstMailbox>,
}

impl PasswordSource for People {
    fn check<'a>(&'a self, login: &'a str, password: &'a sasl::Password) -> Asking<'a, Option<Entry>> {
        Box::pin(self.directory.check(login, password.as_bytes()))
    }

    fn look(&self) -> Looking<'_> {
        Box::pin(self.directory.look())
    }

    fn admit<'a>(&'a self, database: &'a actix::Addr<Database>, entry: &'a Entry) -> Asking<'a, bool> {
        Box::pin(async move {
            match self.admits {
                true => new_accounts::make(database, entry, &self.first_mailboxes).await,
                false => Ok(false),
            }
        })
    }
}

impl TokenSource for Tokens {
    fn check<'a>(&'a self, token: &'a str) -> Asking<'a, Option<String>> {
        Box::pin(async move {
            match self.check(token).await? {
                Ok(login) => Ok(Some(login)),
                Err(Flaw::Invalid(_)) => Ok(None),
                Err(Flaw::InsufficientScope) => {
                    Err(Error::no(Code::NoPerm, "the token does not permit to read mail"))
                }
            }
        })
    }

    fn terms(&self) -> sasl::OAuthTerms {
        let settings = self.settings();
        sasl::OAuthTerms {
            scope: settings.scope.clone(),
            openid_configuration: settings.openid_configuration.clone(),
        }
    }

    fn look(&self) -> Looking<'_> {
        Box::pin(Tokens::look(self))
    }
}
