//! Answers what an exchange asks when somebody wants to log in: from the database, from threads that compute, and from
//! where the site keeps its passwords otherwise.
//!
//! Whatever the mechanism, an attempt goes one way: find the account and what has failed before, wait, verify the proof,
//! decide, write it down. An unknown user goes that way as well, so that neither the answer nor its time tells who exists.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use archiveopteryx::db::{self, FoundLogin, LoginOutcome, LoginRecord, Person};
use archiveopteryx::error::{Code, Error};
use archiveopteryx::limits;
use archiveopteryx::login::throttle::{self, Failures, History, Subjects};
use archiveopteryx::login::{self, Answer, Authenticated, Channel, Origin, token};
use archiveopteryx::mailbox::Login;
use archiveopteryx::settings;
use archiveopteryx::wire::sasl::{self, Claim, Password, Proof, Question};
use archiveopteryx::wire::scram::{Hash, Keys};
use jiff::Timestamp;
use subtle::ConstantTimeEq;
use tokio::sync::OnceCell;

use crate::backends::{Backends, PasswordSource};
use crate::database::{self, Database};
use crate::login_log::{Entered, LoginLog};
use crate::password_checks::PasswordChecks;

/// Shared by all connections of the server.
#[derive(Clone)]
pub struct Authenticator {
    shared: Arc<Shared>,
}

struct Shared {
    settings: settings::Login,
    backends: Backends,
    passwords: PasswordChecks,
    log: actix::Addr<LoginLog>,
    /// What the hosts of the site share, once it has been read.
    secret: OnceCell<Vec<u8>>,
    /// How many attempts wait, by the place they came from.
    waiting: Mutex<HashMap<String, usize>>,
}

/// One attempt on its way.
struct Attempt<'a> {
    authenticator: &'a Authenticator,
    database: &'a actix::Addr<Database>,
    origin: &'a Origin,
    mechanism: &'static str,
    secret: &'a [u8],
    /// Who it claims to be.
    login: String,
    subjects: Subjects,
    /// Whether that user has logged in from there before.
    known_place: bool,
    waited: Duration,
}

/// What came of a proof.
enum Judgement {
    Right { token: Option<i64> },
    Wrong,
}

impl Authenticator {
    pub fn new(
        settings: settings::Login,
        backends: Backends,
        log: actix::Addr<LoginLog>,
    ) -> Result<Authenticator, Error> {
        let (secret, waiting) = (OnceCell::new(), Mutex::default());
        let passwords = PasswordChecks::new()?;
        Ok(Authenticator { shared: Arc::new(Shared { settings, backends, passwords, log, secret, waiting }) })
    }

    /// How many passwords are being checked, or stand in line for that.
    pub fn password_checks(&self) -> usize {
        self.shared.passwords.waiting()
    }

    /// What a client may use. `plaintext` says whether the door takes passwords in the clear from anywhere.
    pub fn terms(&self, plaintext: bool, channel: &Channel) -> sasl::Terms {
        let oauth = self.shared.backends.tokens.as_ref().map(|tokens| tokens.terms());
        sasl::Terms { oauth, ..login::terms(&self.shared.settings, plaintext, channel) }
    }

    /// The login that a client's certificate names; the handshake has verified it.
    pub fn named_by(&self, certificate: &[u8]) -> Option<String> {
        self.shared.backends.certificates.login(certificate)
    }

    /// The answer to `question`. What failed before is waited for here.
    pub async fn answer(
        &self,
        database: &actix::Addr<Database>,
        origin: &Origin,
        question: Question,
    ) -> Answer {
        match question {
            Question::Keys { hash, authcid } => match self.keys(database, hash, &authcid).await {
                Ok((keys, nonce)) => Answer::Keys { keys, nonce },
                Err(error) => Answer::Verdict(Err(error)),
            },
            Question::Claim(claim) => Answer::Verdict(self.claim(database, origin, claim).await),
        }
    }

    /// The keys of that user's password, or keys that look like them.
    async fn keys(
        &self,
        database: &actix::Addr<Database>,
        hash: Hash,
        authcid: &str,
    ) -> Result<(Keys, String), Error> {
        let login_key = Login::key_of(authcid);
        let secret = self.secret(database).await?;
        let nobody = Keys::of_nobody(hash, secret, &login_key);
        let found = self.find(database, login_key, &Subjects::default()).await?;
        let keys = found.person.and_then(|person| person.keys(hash)).unwrap_or(nobody);
        let mut nonce = [0; 18];
        getrandom::fill(&mut nonce).map_err(|error| Error::bug(format!("no random numbers: {error}")))?;
        Ok((keys, sasl::encode(&nonce)))
    }

    async fn claim(
        &self,
        database: &actix::Addr<Database>,
        origin: &Origin,
        claim: Claim,
    ) -> Result<Authenticated, Error> {
        let secret = self.secret(database).await?;
        let Claim { mechanism, authcid, authzid, proof } = claim;
        let login = match proof {
            Proof::Anonymous => {
                tracing::info!(trace = authcid, client = %origin.address, "somebody without a name");
                self.shared.settings.anonymous.clone()
            }
            _ => authcid,
        };
        let subjects = self.subjects(origin, &login, secret);
        let attempt = Attempt {
            authenticator: self,
            database,
            origin,
            mechanism,
            secret,
            login,
            subjects,
            known_place: false,
            waited: Duration::ZERO,
        };
        attempt.carry_out(proof, authzid).await
    }

    /// What failures are counted for, when `login` tries from there.
    fn subjects(&self, origin: &Origin, login: &str, secret: &[u8]) -> Subjects {
        let login_key = Login::key_of(login);
        let subjects =
            Subjects::new(origin.address, (!login.is_empty()).then_some(login_key.as_str()), secret);
        match self.shared.settings.shared_addresses.contains(&origin.address.to_canonical()) {
            true => subjects.sharing_address(),
            false => subjects,
        }
    }

    async fn find(
        &self,
        database: &actix::Addr<Database>,
        login_key: String,
        subjects: &Subjects,
    ) -> Result<FoundLogin, Error> {
        let find = db::FindLogin {
            login_key,
            administrators_key: Login::key_of(&self.shared.settings.administrators_group),
            subjects: subjects.all().into_iter().map(str::to_owned).collect(),
            place: subjects.place.clone(),
        };
        Ok(database::run(database, find).await?)
    }

    /// What only the hosts of this site know.
    async fn secret(&self, database: &actix::Addr<Database>) -> Result<&[u8], Error> {
        let read = || database::run(database, db::ReadSecret { name: "login" });
        let secret = self.shared.secret.get_or_try_init(read).await;
        Ok(secret.map_err(Error::from)?)
    }

    /// Waits, unless too many wait already who came from the same address. Where many people share one, nobody is sent
    /// away because of the others.
    async fn wait(&self, subjects: &Subjects, delay: Duration) -> Result<(), Error> {
        if delay.is_zero() {
            return Ok(());
        }
        let _place = match subjects.address.is_empty() {
            true => None,
            false => Some(Waiting::enter(self, &subjects.address).ok_or_else(|| {
                Error::no(Code::Limit, "too many failed logins from your address; please try again later")
            })?),
        };
        tokio::time::sleep(delay).await;
        Ok(())
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        // A panic elsewhere cannot have left a map half changed.
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    async fn carry_out(mut self, proof: Proof, authzid: Option<String>) -> Result<Authenticated, Error> {
        let mut found = self.find().await?;
        self.known_place = found.known_place;
        let history = self.history(&found.failures);
        self.waited = history.delay(Timestamp::now());
        self.authenticator.wait(&self.subjects, self.waited).await?;
        let judgement = self.judge(&mut found, proof).await?;
        match (judgement, found.person) {
            (Judgement::Right { token }, Some(person)) => {
                let entered = self.enter(person, authzid, token).await?;
                if let (Some(_), Some(of)) = (history.pair, &self.subjects.user) {
                    self.write(None, vec![], vec![of.pair.clone()]).await;
                }
                Ok(entered)
            }
            (_, person) => Err(self.fail(person).await),
        }
    }

    async fn find(&self) -> Result<FoundLogin, Error> {
        self.authenticator.find(self.database, Login::key_of(&self.login), &self.subjects).await
    }

    fn history(&self, failures: &[db::LoginFailures]) -> History {
        let failures = failures
            .iter()
            .map(|found| (found.subject.clone(), Failures { count: found.count, last: found.last }));
        History::new(&self.subjects, self.known_place, failures)
    }

    /// Whether the proof is right. Where somebody else says who the user is, that user is looked up again.
    async fn judge(&mut self, found: &mut FoundLogin, proof: Proof) -> Result<Judgement, Error> {
        let right = match proof {
            Proof::Scram(holds) => holds,
            Proof::Certificate | Proof::Anonymous => true,
            Proof::Password(password) => return self.judge_password(found, &password).await,
            Proof::Token(token) => {
                let source = &self.authenticator.shared.backends.tokens;
                let source = source.as_ref().ok_or_else(|| Error::bug("there is no source of tokens"))?;
                match source.check(&token).await? {
                    Some(login) => {
                        self.subjects = self.authenticator.subjects(self.origin, &login, self.secret);
                        self.login = login;
                        *found = self.find().await?;
                        true
                    }
                    None => false,
                }
            }
        };
        Ok(if right { Judgement::Right { token: None } } else { Judgement::Wrong })
    }

    async fn judge_password(&self, found: &mut FoundLogin, password: &Password) -> Result<Judgement, Error> {
        if let Some(token) = found.person.as_ref().and_then(|person| token_of(person, password)) {
            return Ok(Judgement::Right { token: Some(token) });
        }
        let Shared { backends, passwords, .. } = &*self.authenticator.shared;
        let begun = Instant::now();
        let verifier = found.person.as_ref().and_then(|person| person.argon2id.as_deref());
        let right = match (&backends.passwords, verifier) {
            // RFC 4513 §5.1.2: an LDAP server takes a bind without password as one that wants to prove nothing.
            (Some(source), None) if !password.as_bytes().is_empty() => {
                self.judge_elsewhere(&**source, found, password).await?
            }
            _ => passwords.verify(&self.subjects.place, verifier, password.as_bytes()).await?,
        };
        if right {
            return Ok(Judgement::Right { token: None });
        }
        if backends.passwords.is_some() {
            // Two sources take two times to say no, and one of them needs longer for a user whom it knows.
            tokio::time::sleep(REFUSAL_TAKES.saturating_sub(begun.elapsed())).await;
        }
        Ok(Judgement::Wrong)
    }

    /// Whether another source says that it is the password of somebody who has none here. Whom the source means is looked
    /// up, and made when that is wanted.
    async fn judge_elsewhere(
        &self,
        source: &dyn PasswordSource,
        found: &mut FoundLogin,
        password: &Password,
    ) -> Result<bool, Error> {
        let Some(entry) = source.check(&self.login, password).await? else { return Ok(false) };
        let login_key = Login::key_of(entry.login.as_ref().unwrap_or(&self.login));
        let find = || self.authenticator.find(self.database, login_key.clone(), &self.subjects);
        if found.person.as_ref().is_none_or(|person| Login::key_of(&person.account.login) != login_key) {
            *found = find().await?;
        }
        if found.person.is_none() && source.admit(self.database, &entry).await? {
            *found = find().await?;
        }
        // Whoever has a password here is let in by no other.
        Ok(found.person.as_ref().is_some_and(|person| person.argon2id.is_none()))
    }

    /// The proof was right: lets the user in, or says why not.
    async fn enter(
        &self,
        person: Person,
        authzid: Option<String>,
        token: Option<i64>,
    ) -> Result<Authenticated, Error> {
        let record = LoginRecord { token, ..self.record(LoginOutcome::In, Some(&person.account)) };
        if person.disabled {
            return Err(self
                .refuse(LoginOutcome::Disabled, record, "this account has been switched off")
                .await);
        }
        let own = [Login::key_of(&person.account.login), Login::key_of(&self.login)];
        let other = authzid.map(|name| Login::key_of(&name)).filter(|name| !own.contains(name));
        let (authenticated, record) = match other {
            None => {
                let anonymous = self.mechanism == "ANONYMOUS";
                (Authenticated { anonymous, ..Authenticated::new(person.account) }, record)
            }
            Some(name) => match self.other(&person, name).await? {
                Some(account) => {
                    let (by, login) = (Some(person.account.id), account.login.clone());
                    let record = LoginRecord { login, account: Some(account.id), by, ..record };
                    (Authenticated { by: Some(person.account), ..Authenticated::new(account) }, record)
                }
                None => {
                    let outcome = LoginOutcome::NotPermitted;
                    return Err(self.refuse(outcome, record, "you may not act for that user").await);
                }
            },
        };
        if self.authenticator.shared.log.try_send(Entered(record)).is_err() {
            tracing::warn!("more logins than can be written down; one is missing in `aox show logins`");
        }
        Ok(authenticated)
    }

    /// The account of that name, if `person` may act for it.
    async fn other(&self, person: &Person, name: String) -> Result<Option<db::Account>, Error> {
        if !person.administrator {
            return Ok(None);
        }
        let found = self.authenticator.find(self.database, name, &Subjects::default()).await?;
        Ok(found.person.filter(|other| !other.disabled).map(|other| other.account))
    }

    /// The proof was right, but the user may not do that.
    async fn refuse(&self, outcome: LoginOutcome, record: LoginRecord, why: &str) -> Error {
        self.write(Some(LoginRecord { outcome, ..record }), vec![], vec![]).await;
        Error::no(Code::AuthorizationFailed, why)
    }

    /// The proof was wrong, or there is no such user: waits as long as that costs, and says what everybody hears.
    async fn fail(&self, person: Option<Person>) -> Error {
        let record = self.record(LoginOutcome::Failed, person.as_ref().map(|person| &person.account));
        // One line for each, so that programs that watch the log can count them, too.
        let LoginRecord { login, address, door, mechanism, .. } = &record;
        tracing::info!(login, client = %address, door, mechanism, "a login failed");
        let failed = self.subjects.all().into_iter().map(str::to_owned).collect();
        let failures = self.write(Some(record), failed, vec![]).await;
        let delay = self.history(&failures).delay(Timestamp::now()).saturating_sub(self.waited);
        match self.authenticator.wait(&self.subjects, delay).await {
            Ok(()) => Error::no(Code::AuthenticationFailed, "the user name or the password is wrong"),
            Err(refused) => refused,
        }
    }

    fn record(&self, outcome: LoginOutcome, account: Option<&db::Account>) -> LoginRecord {
        LoginRecord {
            at: Timestamp::now(),
            login: account.map_or_else(|| self.shown(), |account| account.login.clone()),
            account: account.map(|account| account.id),
            by: None,
            door: self.origin.door,
            address: self.origin.address,
            place: self.subjects.place.clone(),
            mechanism: self.mechanism,
            tls: self.origin.tls,
            outcome,
            token: None,
        }
    }

    /// What may be shown of a name that nobody has. People type passwords there, but hardly ever ones that look like an
    /// address; anything else is told apart by a digest.
    fn shown(&self) -> String {
        match self.login.split_once('@') {
            _ if self.login.is_empty() => "(no name)".to_owned(),
            Some((user, domain)) if looks_like_address(user, domain) => self.login.clone(),
            _ => format!("(unknown {})", &throttle::digest(self.secret, &self.login)[..8]),
        }
    }

    /// Writes down at once. Returns the failures that were counted; none when the database cannot be reached, which the
    /// client is going to notice soon enough.
    async fn write(
        &self,
        record: Option<LoginRecord>,
        failed: Vec<String>,
        forgiven: Vec<String>,
    ) -> Vec<db::LoginFailures> {
        let records = Vec::from_iter(record);
        let unit = db::RecordLogins { records, failed, forgiven, now: Timestamp::now() };
        database::run(self.database, unit).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "an attempt to log in could not be written down");
            Vec::new()
        })
    }
}

/// A place among those who wait.
struct Waiting<'a> {
    authenticator: &'a Authenticator,
    place: &'a str,
}

impl<'a> Waiting<'a> {
    /// None when too many wait already who came from there.
    fn enter(authenticator: &'a Authenticator, place: &'a str) -> Option<Waiting<'a>> {
        let mut waiting = authenticator.waiting();
        let count = waiting.entry(place.to_owned()).or_default();
        if *count >= limits::LOGINS_WAITING_PER_ADDRESS_MAX {
            return None;
        }
        *count += 1;
        Some(Waiting { authenticator, place })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.authenticator.waiting();
        if let Some(count) = waiting.get_mut(self.place) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(self.place);
            }
        }
    }
}

/// The application's password that this is, if it is one. All are compared, so that the time says nothing.
fn token_of(person: &Person, password: &Password) -> Option<i64> {
    let digest = token::digest(password.as_bytes())?;
    let fits = |token: &&db::Token| bool::from(token.sha_256.ct_eq(digest.as_slice()));
    person.tokens.iter().filter(fits).fold(None, |_, token| Some(token.id))
}

fn looks_like_address(user: &str, domain: &str) -> bool {
    let plain = |text: &str, others: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || others.contains(c))
    };
    plain(user, ".+-_") && plain(domain, ".-") && domain.contains('.') && user.len() + domain.len() < 255
}

/// How long a refusal takes at least where passwords are verified in two places: longer than either of them needs.
const REFUSAL_TAKES: Duration = Duration::from_millis(300);
