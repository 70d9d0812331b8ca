-- Writes down what happened. $1 kind, $2 account, $3 mailbox, $4 the account that did it, $5 door, $6 client, $7 uids, $8
-- what else there is to tell, as JSON.
insert into aox.audit (kind, account, mailbox, by_account, door, client, uids, detail)
    values ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb)
