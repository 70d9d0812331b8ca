-- Rights are inherited, and mailboxes may belong to everybody.

-- kind of an account: 0 a user; 1 the owner of the mailboxes that belong to everybody, as whom nobody can log in.
insert into aox.accounts (id, login, login_key, kind) overriding system value values (0, '/shared', '/shared', 1);

-- These names lead to the mailboxes of others from now on, so nobody's own may have them.
update aox.mailboxes set name = regexp_replace(name, '^(Other Users|Shared)', '\1 (own)')
where name ~ '^(Other Users|Shared)(/|$)';
update aox.subscriptions set name = regexp_replace(name, '^(Other Users|Shared)', '\1 (own)')
where name ~ '^(Other Users|Shared)(/|$)';

-- Who may do what in a mailbox (RFC 4314), beyond its owner. By the ids of accounts and groups, so that a user or group
-- that is renamed keeps the rights. Nothing used the table of this name before.
drop table aox.rights;
create table aox.rights (
    account  bigint   not null,
    mailbox  bigint   not null,
    -- Whom the entry is about: 0 anyone, 1 who is anonymous, 2 an account, 3 a group.
    kind     smallint not null check (kind between 0 and 3),
    -- The account or the group; 0 for the others.
    grantee  bigint   not null default 0,
    -- The rights are taken away, whatever other entries give.
    negative boolean  not null default false,
    -- 1 l, 2 r, 4 s, 8 w, 16 i, 32 p, 64 k, 128 x, 256 t, 512 e, 1024 a.
    rights   integer  not null check (rights between 1 and 2047),
    primary key (account, mailbox, kind, grantee, negative),
    foreign key (account, mailbox) references aox.mailboxes (account, id)
);
create index rights_grantee on aox.rights (kind, grantee);

-- The modseq at which the rights in a mailbox changed last: who has it open looks again.
alter table aox.mailboxes add column rights_modseq bigint not null default 0;

-- Whether everybody but the owner has a \Seen of his own in a mailbox.
alter table aox.mailboxes add column seen_per_user boolean not null default false;

-- Which messages somebody has seen in such a mailbox. Uids that belong to no message mean nothing.
create table aox.seen (
    account bigint         not null,
    mailbox bigint         not null,
    -- The account of who has seen them.
    reader  bigint         not null,
    uids    int8multirange not null,
    -- When that changed last.
    modseq  bigint         not null,
    primary key (account, mailbox, reader),
    foreign key (account, mailbox) references aox.mailboxes (account, id)
);

-- As whom somebody is addressed in aox.rights.
create function aox.identities(viewer bigint, is_anonymous boolean) returns table (kind smallint, grantee bigint)
    language sql stable
as $$
    select 0::smallint, 0::bigint
    union all select 1::smallint, 0::bigint where is_anonymous
    union all select 2::smallint, viewer
    union all select 3::smallint, group_id from aox.group_members where account = viewer
$$;

-- What somebody was given in a mailbox of somebody else: what any entry gives that no entry takes.
create function aox.rights_of(viewer bigint, is_anonymous boolean, the_account bigint, the_mailbox bigint) returns integer
    language sql stable
as $$
    select coalesce(bit_or(r.rights) filter (where not r.negative), 0)
        & ~coalesce(bit_or(r.rights) filter (where r.negative), 0)
    from aox.identities(viewer, is_anonymous) i
        join aox.rights r on r.kind = i.kind and r.grantee = i.grantee
    where r.account = the_account and r.mailbox = the_mailbox
$$;

-- The columns of a table but some, for copying rows whatever else they have.
create function aox.other_columns(the_table regclass, known text[]) returns text
    language sql stable
as $$
    select string_agg(quote_ident(attname), ', ' order by attnum)
    from pg_attribute
    where attrelid = the_table and attnum > 0 and not attisdropped and attgenerated = '' and attname <> all (known)
$$;

-- Gives an account messages of its own that are the same as some of another account. Bodies are shared by all accounts;
-- that they are referred to by the new messages is left to the caller, who can read which ones those are. Returns each
-- message with its new id.
create function aox.adopt_messages(source bigint, wanted bigint[], target bigint)
    returns table (old_id bigint, new_id bigint)
    language plpgsql
as $$
declare
    the_table regclass;
    olds      bigint[];
    news      bigint[];
begin
    -- A value of the sequence stands for a thousand ids.
    with numbered as (
        select w.id, row_number() over (order by w.id) - 1 as n from (select distinct unnest(wanted) as id) w
    ), blocks as materialized (
        select b.n, nextval('aox.message_ids') as first
        from generate_series(0, (select max(n) / 1000 from numbered)) b (n)
    )
    select array_agg(m.id order by m.id), array_agg(b.first + m.n % 1000 order by m.id)
        into olds, news
        from numbered m join blocks b on b.n = m.n / 1000;
    execute format(
        'insert into aox.messages (account, id, %1$s)
         select $1, u.new_id, %2$s from unnest($2, $3) u (old_id, new_id)
             join aox.messages m on m.account = $4 and m.id = u.old_id',
        aox.other_columns('aox.messages', '{account,id}'),
        aox.other_columns('aox.messages', '{account,id}')
    ) using target, olds, news, source;
    execute format(
        'insert into aox.addresses (account, id, %1$s)
         select distinct on (a.id) $1, a.id, %1$s
         from aox.message_addresses r join aox.addresses a on a.account = r.account and a.id = r.address
         where r.account = $2 and r.message = any ($3)
         order by a.id
         on conflict do nothing',
        aox.other_columns('aox.addresses', '{account,id}')
    ) using target, source, olds;
    foreach the_table in array array['aox.parts', 'aox.message_addresses']::regclass[] loop
        execute format(
            'insert into %1$s (account, message, %2$s)
             select $1, u.new_id, %2$s from unnest($2, $3) u (old_id, new_id)
                 join %1$s r on r.account = $4 and r.message = u.old_id',
            the_table, aox.other_columns(the_table, '{account,message}')
        ) using target, olds, news, source;
    end loop;
    return query select * from unnest(olds, news);
end
$$;

grant select, insert, delete, update (rights) on aox.rights to aox_server;
grant select, insert, update (uids, modseq) on aox.seen to aox_server;
grant update (rights_modseq, seen_per_user) on aox.mailboxes to aox_server;
