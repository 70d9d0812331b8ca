-- What a site says of a mailbox with all below it holds for what is below it: nothing is renamed out from under it, and the
-- mailbox that it names is not deleted from above the others.

-- The policies about mailboxes that keep somebody who could rename or delete a mailbox from deleting in it, with the path of
-- the mailbox that each names: in one's own mailboxes the owner, in everybody's whoever has rights.
create view aox.binding_delete_policies as
    select p.account, p.mailbox, b.name, case a.kind when 1 then a.login else '/users/' || a.login end || '/' || b.name as path
    from aox.delete_policies p
        join aox.accounts a on a.id = p.account
        join aox.mailboxes b on b.account = p.account and b.id = p.mailbox
    where p.scope = 5 and p.removed_at is null and p.role <> 1
        and case a.kind when 1 then p.verdict > 0 else p.verdict = 2 and p.role <> 4 end;

-- Why a mailbox cannot be deleted before those below it: a sentence, null when it can.
create function aox.delete_policy_below(the_account bigint, the_mailbox bigint) returns text
    language sql stable
as $$
    select format('The delete policy of the mailbox %s is about mailboxes below it, too: delete those first', p.path)
    from aox.binding_delete_policies p
    where p.account = the_account and p.mailbox = the_mailbox and exists (
        select from aox.mailboxes c
        where c.account = p.account and c.deleted_at is null and starts_with(c.name, p.name || '/'))
    limit 1
$$;

-- Fails with AX001 and a sentence, as whatever a policy forbids.
create function aox.keep_under_delete_policies() returns trigger
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    why text;
begin
    if new.deleted_at is not null then
        why := aox.delete_policy_below(new.account, new.id);
    else
        -- A mailbox that was renamed in the same statement has its new name here, and has taken those below it along.
        select format('The delete policy of the mailbox %s keeps the mailboxes below it where they are', p.path) into why
            from aox.binding_delete_policies p
            where p.account = new.account and p.mailbox <> new.id
                and starts_with(old.name, p.name || '/') and not starts_with(new.name, p.name || '/')
            order by length(p.name) desc
            limit 1;
    end if;
    if why is not null then
        raise exception using errcode = 'AX001', message = why;
    end if;
    return null;
end
$$;
create trigger keep_under_delete_policies after update of name, deleted_at on aox.mailboxes
    for each row
    when (new.name is distinct from old.name and new.deleted_at is null or new.deleted_at is not null and old.deleted_at is null)
    execute function aox.keep_under_delete_policies();

grant select on aox.binding_delete_policies to aox_server;

-- Where the groups of an account end that ends itself, it is looked whether somebody has to be told.
grant select on aox.delete_policies to aox_reaper;
