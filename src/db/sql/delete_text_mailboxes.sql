-- The mailboxes of an account are indexed anew; what is in a block stays there.
-- $1 account
delete from aox.text_mailboxes where account = $1
