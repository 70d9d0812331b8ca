-- Chooses whether everybody but the owner has a \Seen of his own in a mailbox. $1 account, $2 mailbox, $3 whether
update aox.mailboxes set seen_per_user = $3 where account = $1 and id = $2
