-- Messages whose Message-ID is one of $1, the latest first; $2 how many at most. Reads all messages, and locks nothing.
select account, id from aox.messages where message_id = any ($1) order by arrived_at desc limit $2
