-- What somebody may do in a mailbox of somebody else. $1 who, $2 whether anonymous, $3 account, $4 mailbox. Locks nothing.
select aox.rights_of($1, $2, $3, $4)
