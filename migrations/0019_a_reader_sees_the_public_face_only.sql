-- More of what a site may ask about, and a role that may ask and see nothing else.

-- Bodies of functions that are read when they are made need no look at the schema of the tables by who calls them.
create or replace function aox.header_fields(header bytea) returns table (ordinal bigint, name text, value text)
    language sql immutable parallel unsafe
begin atomic
    select f.n, f.m[1], btrim(regexp_replace(f.m[2], '\r\n(?=[ \t])', '', 'g'), E' \t')
    from regexp_matches(aox.octets_to_text(header), '(?:^|\n)([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r(?!\n)|\r\n[ \t])*)', 'g')
        with ordinality f(m, n);
end;

-- Flags as IMAP writes them.
create function aox.flag_names(flags smallint, keywords text[]) returns text[]
    language sql immutable parallel safe
begin atomic
    select array_remove(array[
        case when flags & 2 <> 0 then '\Answered' end, case when flags & 4 <> 0 then '\Flagged' end,
        case when flags & 8 <> 0 then '\Deleted' end, case when flags & 1 <> 0 then '\Seen' end,
        case when flags & 16 <> 0 then '\Draft' end], null) || coalesce(keywords, '{}');
end;

-- Rights as IMAP writes them (RFC 4314).
create function aox.right_letters(rights integer) returns text
    language sql immutable parallel safe
begin atomic
    select string_agg(substr('lrswipkxtea', n, 1), '' order by n)
    from generate_series(1, 11) n
    where rights & (1 << (n - 1)) <> 0;
end;

create view aox_v1.groups as
    select id as group_id, name, description, created_at from aox.groups;

create view aox_v1.group_members as
    select m.group_id, m.account
    from aox.group_members m join aox.accounts a on a.id = m.account
    where a.state <> 2;

create view aox_v1.domains as
    select name, created_at from aox.domains;

-- Where mail for an address goes: to a mailbox, or to another address. The localpart is empty for all the rest of a domain.
create view aox_v1.aliases as
    select localpart, domain, account, mailbox, own,
        case when target_domain is not null then target_localpart || '@' || target_domain end as target
    from aox.alias_targets;

-- Who may do what in a mailbox, beside its owner.
create view aox_v1.rights as
    select r.account, r.mailbox,
        (array['anyone', 'anonymous', 'account', 'group'])[r.kind + 1] as kind,
        case r.kind when 2 then r.grantee end as grantee_account, case r.kind when 3 then r.grantee end as grantee_group,
        r.negative, aox.right_letters(r.rights) as rights
    from aox.rights r;

-- What may be kept: null is no limit. name is default, user/LOGIN, group/NAME or domain/NAME.
create view aox_v1.quotas as
    select name, account, group_id, domain, storage, messages, mailboxes, annotations from aox.quota_roots;

-- What the mailboxes of an account hold.
create view aox_v1.usage as
    select account, messages, octets from aox.quota_usage;

-- What was expunged, by whom, when and why, until it ends.
create view aox_v1.deleted_messages as
    select t.account, t.mailbox, t.uid, t.message, aox.flag_names(t.flags, t.keywords) as flags,
        t.internal_date, t.octets, m.subject, m.sent_at, m.message_id, m.digest,
        t.deleted_at, t.deleted_by, t.door, t.client, t.reason
    from aox.tombstones t join aox.messages m on m.account = t.account and m.id = t.message;

-- What must stay and what must go: kind is retain, delete or hold. mailbox is a name, with all below it.
create view aox_v1.policies as
    select id as policy, name, kind, account, mailbox, selector, days, created_at, created_by, removed_at, removed_by
    from aox.policies;

-- Who may delete: the most specific counts. about is a domain, a group, a login or the name of a mailbox.
create view aox_v1.delete_policies as
    select (array['settings', 'site', 'domain', 'group', 'user', 'mailbox'])[p.scope + 1] as scope,
        coalesce(p.domain, g.name, m.name, a.login) as about, p.account, p.mailbox, p.group_id,
        (array['everybody', 'administrators', 'users', 'owners', 'guests'])[p.role + 1] as role,
        (array['allowed', 'own-mailboxes', 'never'])[p.verdict + 1] as verdict, p.created_at, p.removed_at
    from aox.delete_policies p
        left join aox.groups g on g.id = p.group_id
        left join aox.accounts a on a.id = p.account
        left join aox.mailboxes m on m.account = p.account and m.id = p.mailbox;

-- Every attempt to log in, as long as it is remembered.
create view aox_v1.logins as
    select at, login, account, by_account, door, address, mechanism, tls, outcome from aox.logins;

-- Lets aox_reader read the public face, if there is that role: in a database that the site runs itself it may come later,
-- and `aox upgrade` calls this each time.
create function aox.let_reader_read() returns void
    language plpgsql
as $$
begin
    if exists (select from pg_roles where rolname = 'aox_reader') then
        grant usage on schema aox_v1 to aox_reader;
        grant select on all tables in schema aox_v1 to aox_reader;
        alter default privileges in schema aox_v1 grant select on tables to aox_reader;
    end if;
end
$$;
select aox.let_reader_read();
