-- What somebody may do in a mailbox, and what keeps him from deleting there. The owner was given nothing, and needs
-- nothing. $1 who, $2 whether anonymous, $3 who acts for him, $4 account, $5 mailbox. Locks nothing.
select aox.rights_of($1, $2, $4, $5), aox.delete_ban($3, $4, $5)
