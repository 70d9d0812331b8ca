-- Who may delete at all is the site's say, and the one way out of a mailbox asks it, whatever the server thinks.

-- What the site says: of those that concern somebody in a mailbox, the most specific one counts.
create table aox.delete_policies (
    id         bigint      generated always as identity primary key,
    -- What it is about, from the least specific to the most: 0 everything, as the settings say, 1 everything, 2 who has
    -- an address in a domain, 3 the members of a group, 4 a user, 5 a mailbox with all below it.
    scope      smallint    not null,
    domain     text,
    group_id   bigint,
    account    bigint,
    mailbox    bigint,
    -- Whom of those: 0 all but commands of administrators, 1 administrators, 2 all others, 3 the owner of the mailbox, 4
    -- all others.
    role       smallint    not null default 0 check (role between 0 and 4),
    -- 0 allowed, 1 in one's own mailboxes, 2 never.
    verdict    smallint    not null check (verdict between 0 and 2),
    created_at timestamptz not null default now(),
    -- Set when it is taken back; the row stays as evidence.
    removed_at timestamptz,
    check (case scope when 2 then domain is not null and num_nonnulls(group_id, account, mailbox) = 0
                      when 3 then group_id is not null and num_nonnulls(domain, account, mailbox) = 0
                      when 4 then account is not null and num_nonnulls(domain, group_id, mailbox) = 0
                      when 5 then num_nonnulls(account, mailbox) = 2 and num_nonnulls(domain, group_id) = 0
                      else scope in (0, 1) and num_nonnulls(domain, group_id, account, mailbox) = 0 end)
);
create unique index delete_policies_now on aox.delete_policies (scope, role, domain, group_id, account, mailbox)
    nulls not distinct where removed_at is null;

-- What the database has to know of the settings: one row.
create table aox.site (
    single               boolean primary key default true check (single),
    -- The group whose members are administrators, as it is compared; empty when there is none.
    administrators_group text not null default ''
);
insert into aox.site default values;

-- Why somebody may not delete in a mailbox: a sentence that names what says so; null when he may, as far as that goes.
-- who is the account that acts, null for a command of an administrator.
create function aox.delete_ban(who bigint, the_account bigint, the_mailbox bigint) returns text
    language plpgsql stable
as $$
declare
    said     record;
    is_admin boolean;
begin
    if not exists (select from aox.delete_policies where removed_at is null) then
        return null;
    end if;
    is_admin := who is null or exists (
        select from aox.site s
            join aox.groups g on g.name_key = s.administrators_group
            join aox.group_members m on m.group_id = g.id
        where m.account = who
    );
    select p.*, b.name into said
        from aox.mailboxes t
            cross join aox.delete_policies p
            left join aox.mailboxes b on b.account = p.account and b.id = p.mailbox
        where t.account = the_account and t.id = the_mailbox and p.removed_at is null
            and case p.role when 0 then who is not null
                            when 1 then is_admin
                            when 2 then not is_admin
                            when 3 then who = the_account
                            else who <> the_account end
            and case p.scope when 2 then exists (select from aox.aliases a
                                                 where a.account = who and a.domain = p.domain and a.own)
                             when 3 then exists (select from aox.group_members m
                                                 where m.account = who and m.group_id = p.group_id)
                             when 4 then p.account = who
                             when 5 then p.account = the_account
                                 and (p.mailbox = the_mailbox or starts_with(t.name, b.name || '/'))
                             else true end
        -- The nearest mailbox before those above it; who has a role before everybody; and then the strictest.
        order by p.scope desc, length(b.name) desc, (p.role <> 0) desc, p.verdict desc, p.id
        limit 1;
    if not found or said.verdict = 0 or (said.verdict = 1 and who = the_account) then
        return null;
    end if;
    return format('The delete policy of %s says "%s"%s',
        case said.scope
            when 2 then 'the domain ' || said.domain
            when 3 then 'the group ' || (select g.name from aox.groups g where g.id = said.group_id)
            when 4 then 'the user ' || (select a.login from aox.accounts a where a.id = said.account)
            when 5 then 'the mailbox ' || (select case a.kind when 1 then a.login else '/users/' || a.login end
                                           from aox.accounts a where a.id = said.account) || '/' || said.name
            else 'the site' end,
        case said.verdict when 1 then 'own-mailboxes' else 'never' end,
        (array['', ' to administrators', ' to users', ' to owners', ' to guests'])[said.role + 1]);
end
$$;

-- Whatever takes mail out of a mailbox makes tombstones, and so is asked here whether the site lets it: aox.expunge fails
-- with AX001, and a sentence for who wanted it.
create function aox.obey_delete_policies() returns trigger
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    ban text;
begin
    if exists (select from aox.delete_policies where removed_at is null) then
        select min(aox.delete_ban(g.deleted_by, g.account, g.mailbox)) into ban
            from (select distinct deleted_by, account, mailbox from gone) g;
        if ban is not null then
            raise exception using errcode = 'AX001', message = ban;
        end if;
    end if;
    return null;
end
$$;
create trigger obey_delete_policies after insert on aox.tombstones
    referencing new table as gone
    for each statement execute function aox.obey_delete_policies();

-- Tells every host that somebody may delete, or may not any more: who has a mailbox open is told so at once.
create function aox.tell_of_delete_policies() returns trigger
    language plpgsql
as $$
begin
    if tg_table_name in ('delete_policies', 'site')
        or exists (select from aox.delete_policies where removed_at is null)
    then
        perform pg_notify('aox_changes', 'database !');
    end if;
    return null;
end
$$;
create trigger tell_of_delete_policies after insert or update on aox.delete_policies
    for each statement execute function aox.tell_of_delete_policies();
create trigger tell_of_delete_policies after update on aox.site
    for each statement execute function aox.tell_of_delete_policies();
create trigger tell_of_delete_policies after insert or delete on aox.group_members
    for each statement execute function aox.tell_of_delete_policies();
create trigger tell_of_delete_policies after insert or update or delete on aox.aliases
    for each statement execute function aox.tell_of_delete_policies();

grant select, insert, update (removed_at) on aox.delete_policies to aox_server;
grant select, update (administrators_group) on aox.site to aox_server;
