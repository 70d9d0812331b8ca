//! # Attendance - who has logged in here, and must go when the account may not be used any more
//!
//! Hears:  SignIn, SignOut, Dismiss, MayHaveMissed, Compared
//! Says:   Dismissed → connections · Announce → DbListener · Run → Database
//! Lives:  the server's life
//! Knows:  the connections of each account, and how often those of the account had been sent away when they were seen
//! Limits: one question to the database at a time
//!
//! An account that is deleted or disabled, or whose password is changed, has its connections closed, at every host.
//! The signal of another host may be lost, so accounts are compared with the database whenever signals may have been,
//! and now and then.

use std::collections::HashMap;
use std::sync::Arc;

use actix::AsyncContext;
use archiveopteryx::db::{self, Standing};
use archiveopteryx::mailbox::AccountId;

use crate::database::{self, Database};
use crate::db_listener::{self, DbListener, Heard, News};

/// Somebody has logged in.
#[derive(actix::Message)]
#[rtype(result = "Seat")]
pub struct SignIn {
    pub account: AccountId,
    pub connection: actix::Recipient<Dismissed>,
}

/// A connection has ended.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct SignOut {
    account: AccountId,
    number: u64,
}

/// Nobody may stay logged in to these accounts.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Dismiss {
    pub accounts: Vec<AccountId>,
    /// Other hosts have to hear of it from here.
    pub announce: bool,
}

/// A signal of another host may have been lost.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct MayHaveMissed;

/// To a connection: its client has to go, and these are the words for it.
#[derive(actix::Message, Clone)]
#[rtype(result = "()")]
pub struct Dismissed(pub Arc<str>);

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Compared {
    asked: Vec<AccountId>,
    outcome: Result<Vec<Standing>, db::Error>,
}

/// One that has logged in, as long as it lives.
#[derive(Debug, actix::MessageResponse)]
pub struct Seat {
    attendance: actix::Addr<Attendance>,
    account: AccountId,
    number: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.attendance.do_send(SignOut { account: self.account, number: self.number });
    }
}

/// The actor. One per server.
pub struct Attendance {
    database: actix::Addr<Database>,
    listener: actix::Addr<DbListener>,
    accounts: HashMap<AccountId, Attending>,
    number: u64,
    comparing: bool,
}

/// The connections of one account.
#[derive(Default)]
struct Attending {
    connections: HashMap<u64, actix::Recipient<Dismissed>>,
    /// The number of dismissals when the account was first compared.
    dismissals: Option<i64>,
}

impl Attendance {
    pub fn new(database: actix::Addr<Database>, listener: actix::Addr<DbListener>) -> Attendance {
        Attendance { database, listener, accounts: HashMap::new(), number: 0, comparing: false }
    }

    /// Sends everybody of that account away.
    fn dismiss(&mut self, account: AccountId) {
        for connection in
            self.accounts.remove(&account).into_iter().flat_map(|one| one.connections.into_values())
        {
            // Each connection hears this once.
            connection.do_send(Dismissed(CLOSED.into()));
        }
    }
}

impl actix::Actor for Attendance {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Logins come in storms; who logs in waits when this many are queued.
        ctx.set_mailbox_capacity(1024);
        let attendance = ctx.address();
        let tell = move |heard: &Heard| match heard {
            Heard::Dismissed(accounts) => {
                attendance.try_send(Dismiss { accounts: accounts.clone(), announce: false }).is_ok()
            }
            Heard::MayHaveMissed => attendance.try_send(MayHaveMissed).is_ok(),
            Heard::Signalled(_)
            | Heard::DeletePolicies
            | Heard::Names(_)
            | Heard::Rights
            | Heard::Ended
            | Heard::Asked(_)
            | Heard::Metadata(_) => true,
        };
        self.listener.do_send(db_listener::Attach(Box::new(tell)));
    }
}

impl actix::Handler<SignIn> for Attendance {
    type Result = Seat;

    fn handle(&mut self, SignIn { account, connection }: SignIn, ctx: &mut Self::Context) -> Seat {
        self.number += 1;
        let number = self.number;
        self.accounts.entry(account).or_default().connections.insert(number, connection);
        Seat { attendance: ctx.address(), account, number }
    }
}

impl actix::Handler<SignOut> for Attendance {
    type Result = ();

    fn handle(&mut self, SignOut { account, number }: SignOut, _: &mut Self::Context) {
        let Some(attending) = self.accounts.get_mut(&account) else { return };
        attending.connections.remove(&number);
        if attending.connections.is_empty() {
            self.accounts.remove(&account);
        }
    }
}

impl actix::Handler<Dismiss> for Attendance {
    type Result = ();

    fn handle(&mut self, Dismiss { accounts, announce }: Dismiss, _: &mut Self::Context) {
        for account in accounts {
            self.dismiss(account);
            if announce {
                self.listener.do_send(db_listener::Announce(News::Dismissed(account)));
            }
        }
    }
}

impl actix::Handler<MayHaveMissed> for Attendance {
    type Result = ();

    fn handle(&mut self, MayHaveMissed: MayHaveMissed, ctx: &mut Self::Context) {
        if self.comparing || self.accounts.is_empty() {
            return;
        }
        self.comparing = true;
        let (database, attendance) = (self.database.clone(), ctx.address());
        let asked: Vec<AccountId> = self.accounts.keys().copied().collect();
        actix_rt::spawn(async move {
            let outcome = database::run(&database, db::ReadDismissals { accounts: asked.clone() }).await;
            attendance.do_send(Compared { asked, outcome });
        });
    }
}

impl actix::Handler<Compared> for Attendance {
    type Result = ();

    fn handle(&mut self, Compared { asked, outcome }: Compared, _: &mut Self::Context) {
        self.comparing = false;
        let standings = match outcome {
            Ok(standings) => standings,
            // The listener asks for it again in a while.
            Err(error) => {
                return tracing::warn!(%error, "could not compare who is logged in with the database");
            }
        };
        let standings: HashMap<AccountId, Standing> =
            standings.into_iter().map(|standing| (standing.account, standing)).collect();
        for account in asked {
            let Some(attending) = self.accounts.get_mut(&account) else { continue };
            let stays = standings.get(&account).is_some_and(|standing| {
                standing.active
                    && *attending.dismissals.get_or_insert(standing.dismissals) == standing.dismissals
            });
            if !stays {
                self.dismiss(account);
            }
        }
    }
}

/// Why somebody has to go whose account may not be used as it was.
const CLOSED: &str = "this account was closed, or has another password now";
