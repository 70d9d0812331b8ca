-- The quota, if there is one, that allows fewer mailboxes than there are now. $1 account. Locks the pools that the
-- account shares.
select aox.mailboxes_over_quota($1)
