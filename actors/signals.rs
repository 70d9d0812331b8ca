//! What a signal of another server says: how it is read.

use archiveopteryx::mailbox::{AccountId, MailboxId, MailboxKey, ModSeq};

use crate::db_listener::News;

impl News {
    /// Whose metadata was changed how often, if that is the news.
    pub fn of_metadata(&self) -> Option<(AccountId, i64)> {
        match self {
            News::Metadata(account, version) => Some((*account, *version)),
            _ => None,
        }
    }
}

/// What another server said; nothing when it was ourselves; None when it cannot be understood.
pub fn read_payload(name: &str, payload: &str) -> Option<Vec<News>> {
    let mut words = payload.split(' ');
    if words.next() == Some(name) {
        return Some(Vec::new());
    }
    words.map(read_item).collect()
}

fn read_item(item: &str) -> Option<News> {
    if item == "!" {
        return Some(News::DeletePolicies);
    }
    if item == "+" {
        return Some(News::Ended);
    }
    if item == "^" {
        return Some(News::Arrived);
    }
    if item == "=" {
        return Some(News::Rights);
    }
    if let Some(account) = item.strip_prefix('~') {
        return account.parse().ok().map(AccountId).map(News::Names);
    }
    if let Some(rest) = item.strip_prefix('@') {
        let (account, version) = rest.split_once('.')?;
        return Some(News::Metadata(AccountId(account.parse().ok()?), version.parse().ok()?));
    }
    if let Some(account) = item.strip_prefix('-') {
        return account.parse().ok().map(AccountId).map(News::Dismissed);
    }
    if let Some(question) = item.strip_prefix('?') {
        return question.parse().ok().map(News::Asked);
    }
    let mut numbers = item.split('.');
    let account = AccountId(numbers.next()?.parse().ok()?);
    let mailbox = MailboxId(numbers.next()?.parse().ok()?);
    let modseq = ModSeq(numbers.next()?.parse().ok()?);
    let news = News::Changed(MailboxKey { account, mailbox }, modseq);
    numbers.next().is_none().then_some(news)
}

/// The two kinds of news apart.
pub fn sorted(news: Vec<News>) -> (Vec<(MailboxKey, ModSeq)>, Vec<AccountId>) {
    let (mut changes, mut dismissed) = (Vec::new(), Vec::new());
    for news in news {
        match news {
            News::Changed(key, modseq) => changes.push((key, modseq)),
            News::Dismissed(account) => dismissed.push(account),
            News::DeletePolicies
            | News::Names(_)
            | News::Rights
            | News::Ended
            | News::Arrived
            | News::Asked(_)
            | News::Metadata(..) => {}
        }
    }
    (changes, dismissed)
}
