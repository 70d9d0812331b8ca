//! Commands after which client and server speak in another way: compressed, in TLS, in German, or as before login.

use super::{Conversation, Event, Plan, Stage};
use crate::imap::answer::{After, Answer, Watch};
use crate::imap::command::language::SpeakLanguage;
use crate::imap::command::{self, compress, starttls};
use crate::imap::language::Language;

impl Conversation {
    /// LANGUAGE, in any state.
    pub(super) fn speak(&mut self, tag: &str, speak: SpeakLanguage) {
        let user = self.user.as_ref();
        let namespaces =
            |language| user.map_or_else(Vec::new, |user| command::namespace::untagged(user, language));
        let said = speak.respond(tag, self.setup.language, &mut self.language, namespaces);
        self.send(said);
    }

    /// COMPRESS, where it is offered and not active yet.
    pub(super) fn compress(&mut self, tag: String) {
        match compress::check(self.setup.compress, self.compressed) {
            Ok(()) => {
                self.compressed = true;
                let (last, unread) = (self.said(compress::respond(&tag)), self.framer.leave());
                self.queue.push_back(Event::Compress { last, unread });
            }
            Err(refused) => {
                self.send(refused.respond(&tag));
                self.count_error();
            }
        }
    }

    /// UNAUTHENTICATE: nobody is logged in any more, and nothing is compressed (RFC 8437 §3).
    pub(super) fn unauthenticate(&mut self, tag: &str) {
        (self.user, self.selected) = (None, false);
        self.language = Language::default();
        let last = command::unauthenticate::respond(tag);
        let (next, watch) = (After::Unselect, Watch::End);
        let answer = Answer { next, watch, ..Answer::default() };
        if std::mem::take(&mut self.compressed) {
            self.queue.push_back(Event::Run(Plan::Done(answer)));
            let unread = self.framer.leave();
            self.queue.push_back(Event::Decompress { last, unread });
        } else {
            self.queue.push_back(Event::Run(Plan::Done(Answer { tagged: last, ..answer })));
        }
    }

    /// STARTTLS, where TLS can begin and has not begun yet.
    pub(super) fn start_tls(&mut self, tag: String) {
        match starttls::check(self.setup.starttls, self.setup.secure) {
            Ok(()) => {
                self.send(starttls::respond(&tag));
                self.queue.push_back(Event::StartTls);
                self.stage = Stage::Securing;
            }
            Err(error) => self.fail(&tag, error),
        }
    }
}
