-- What authorizes URLs of a mailbox goes when the mailbox ends, whoever has authorized them.

create index url_keys_mailbox on aox.url_keys (owner, mailbox);
delete from aox.url_keys k where not exists (select from aox.mailboxes m where m.account = k.owner and m.id = k.mailbox);

create function aox.end_url_keys() returns trigger
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
begin
    delete from aox.url_keys k where k.owner = old.account and k.mailbox = old.id;
    return null;
end
$$;
alter function aox.end_url_keys() owner to aox_reaper;
revoke all on function aox.end_url_keys() from public;
create trigger end_url_keys after delete on aox.mailboxes
    for each row execute function aox.end_url_keys();

grant select, delete on aox.url_keys to aox_reaper;
