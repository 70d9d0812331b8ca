-- The names under which an account finds what was deleted in its mailboxes and can be taken back, sorted. Locks nothing.
-- $1 account
select name from aox.mailboxes_of_deleted where account = $1 and holds_any order by name collate "C"
