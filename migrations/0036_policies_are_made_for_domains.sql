-- What must stay and what must go is said for a domain, too: of the users who have an address in it.

alter table aox.policies add column domain text;
alter table aox.policies add constraint policies_domain check (domain is null or account is null);

-- Which users have, or ever had, an address in the domain of a policy: who loses it or is deleted stays covered.
create table aox.policy_accounts (
    policy  bigint not null references aox.policies (id),
    account bigint not null,
    primary key (policy, account)
);
grant select on aox.policy_accounts to aox_server;
grant select, insert on aox.policy_accounts to aox_reaper;

-- Whether a policy is about a mailbox. What must stay is looked for wherever the tree is or has been, and with all who
-- ever were of the domain; what must go only where it is now: a Trash that somebody has renamed to Treasure is not
-- emptied.
create or replace function aox.is_about(p aox.policies, the_account bigint, the_mailbox bigint) returns boolean
    language plpgsql stable
    set search_path = aox, pg_temp
as $$
begin
    if p.domain is not null then
        if p.kind = 'delete' then
            return exists (
                select from aox.aliases l where l.account = the_account and l.domain = p.domain and l.own);
        end if;
        return exists (select from aox.policy_accounts k where k.policy = p.id and k.account = the_account);
    elsif p.account is null then
        return true;
    elsif p.account <> the_account then
        return false;
    elsif p.mailbox is null then
        return true;
    elsif p.kind = 'delete' then
        return exists (
            select from aox.mailboxes b
            where b.account = the_account and b.id = the_mailbox and b.deleted_at is null
                and (b.name = p.mailbox or starts_with(b.name, p.mailbox || '/')));
    end if;
    return exists (
        select from aox.policy_mailboxes k
        where k.policy = p.id and k.account = the_account and k.mailbox = the_mailbox);
end
$$;

-- Notes who is of the domain of a policy now; null for all policies, and for all users.
create function aox.note_policy_accounts(the_policy bigint, the_account bigint) returns void
    language sql
    set search_path = aox, pg_temp
as $$
    insert into aox.policy_accounts (policy, account)
    select distinct p.id, l.account
    from aox.policies p join aox.aliases l on l.domain = p.domain and l.own
    where p.removed_at is null and (the_policy is null or p.id = the_policy)
        and (the_account is null or l.account = the_account)
    on conflict do nothing
$$;

-- A user who gets an address in the domain of a policy is covered from then on.
create function aox.user_got_address() returns trigger
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
begin
    if exists (select from aox.policies where domain = new.domain and removed_at is null) then
        perform aox.note_policy_accounts(null, new.account);
    end if;
    return null;
end
$$;
create trigger user_got_address after insert or update on aox.aliases
    for each row execute function aox.user_got_address();

-- Makes a policy, and returns its id: for a domain, for an account, for a mailbox of an account, or for all mail. The
-- mailbox must be there, or be a level with mailboxes below it.
create function aox.add_policy(
    the_kind text, the_name text, the_domain text, the_account bigint, the_mailbox text, the_days integer,
    the_selector text, the_program jsonb, the_text_keys integer, who text
) returns bigint
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    the_id bigint;
begin
    insert into aox.policies
        (kind, name, domain, account, mailbox, mailbox_id, days, selector, program, text_keys, created_at, created_by)
    values (the_kind, the_name, the_domain, the_account, the_mailbox,
        (select id from aox.mailboxes where account = the_account and name = the_mailbox and deleted_at is null),
        the_days, the_selector, the_program, the_text_keys, now(), who)
    returning id into the_id;
    perform aox.note_policy_mailboxes(the_id, null, null);
    perform aox.note_policy_accounts(the_id, null);
    return the_id;
end
$$;

do $$
declare
    the_function text;
begin
    foreach the_function in array array[
        'aox.note_policy_accounts(bigint, bigint)',
        'aox.user_got_address()',
        'aox.add_policy(text, text, text, bigint, text, integer, text, jsonb, integer, text)'
    ]
    loop
        execute format('alter function %s owner to aox_reaper', the_function);
        execute format('revoke all on function %s from public', the_function);
    end loop;
end
$$;
grant execute on function aox.add_policy(text, text, text, bigint, text, integer, text, jsonb, integer, text) to aox_server;

-- What must stay and what must go: kind is retain, delete or hold. mailbox is a name, with all below it.
create or replace view aox_v1.policies as
    select id as policy, name, kind, account, mailbox, selector, days, created_at, created_by, removed_at, removed_by, domain
    from aox.policies;
