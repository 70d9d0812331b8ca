//! Puts whole messages together again, each compared with its digest: what `aox export` writes into files.

use tokio_postgres::Row;

use super::read_content::{Wanted, read_content};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, MessageId};
use crate::message::{Piece, Recipe, has_digest};

/// Reads messages of an account; whoever asks sees to it that they fit in memory.
pub struct ReadWhole {
    pub account: AccountId,
    pub messages: Vec<MessageId>,
}

/// A message as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeMessage {
    pub id: MessageId,
    /// SHA-256 of the octets that it had on arrival.
    pub digest: Vec<u8>,
    /// The octets; or why there are none that have the digest.
    pub octets: Result<Vec<u8>, String>,
}

impl Unit for ReadWhole {
    /// In no order. Messages that are no more are missing.
    type Output = Vec<WholeMessage>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let ids: Vec<i64> = self.messages.iter().map(|id| id.0).collect();
        let rows = db.query(include_str!("sql/select_whole_messages.sql"), &[&self.account.0, &ids]).await?;
        let mut messages = Vec::new();
        for row in &rows {
            messages.push(whole(db, row).await?);
        }
        Ok(messages)
    }
}

async fn whole(db: &Lent<'_>, row: &Row) -> Result<WholeMessage, Error> {
    let digest: Vec<u8> = row.get(1);
    let octets = match rebuilt(db, row.get(2), row.get(3)).await? {
        Ok(octets) if <[u8; 32]>::try_from(&digest[..]).is_ok_and(|digest| has_digest(&octets, &digest)) => {
            Ok(octets)
        }
        Ok(_) => Err("it does not have the digest it had on arrival".to_owned()),
        Err(why) => Err(why),
    };
    Ok(WholeMessage { id: MessageId(row.get(0)), digest, octets })
}

/// The octets that header, recipe and bodies make; or what of them is missing.
pub(super) async fn rebuilt(
    db: &Lent<'_>,
    header: &[u8],
    recipe: &[u8],
) -> Result<Result<Vec<u8>, String>, Error> {
    let recipe = match Recipe::from_bytes(recipe) {
        Ok(recipe) => recipe,
        Err(error) => return Ok(Err(format!("its recipe cannot be read: {error}"))),
    };
    let shared: Vec<(usize, Wanted)> = super::fetch_page::needed(&recipe, std::iter::once(0..recipe.octets));
    let (indices, wanted): (Vec<usize>, Vec<Wanted>) = shared.into_iter().unzip();
    let contents = match read_content(db, &wanted).await {
        Ok(contents) => contents,
        Err(Error::Refused(error)) => return Ok(Err(error.to_string())),
        Err(error) => return Err(error),
    };
    let pieces: Vec<Piece<'_>> = indices
        .into_iter()
        .zip(&contents)
        .map(|(body, content)| Piece { body, offset: content.offset, octets: &content.octets })
        .collect();
    Ok(Ok(recipe.rebuild_range(header, 0..recipe.octets, &pieces)))
}
