-- Who changes rights and policies until the end of the transaction, for what is noted of it. $1 account, $2 door, $3 client.
select set_config('aox.acting_account', $1, true), set_config('aox.acting_door', $2, true),
    set_config('aox.acting_client', $3, true)
