-- A message that was copied from the mailbox of another account is known to clients by the name of its original, as
-- RFC 8474 wants it; and policies may ask what messages are called, and since when they are where they are.

-- The messages of an account that were copied from another one. original is the first message of them all.
create table aox.adopted_messages (
    account  bigint not null,
    message  bigint not null,
    original bigint not null,
    primary key (account, message),
    foreign key (account, message) references aox.messages (account, id) on delete cascade
);
create index adopted_messages_original on aox.adopted_messages (account, original);

grant select, insert on aox.adopted_messages to aox_server;
grant select on aox.adopted_messages to aox_reaper;

-- As before, but it is written down which messages the new ones are copies of.
create or replace function aox.adopt_messages(source bigint, wanted bigint[], target bigint)
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
    insert into aox.adopted_messages (account, message, original)
        select target, u.new_id, coalesce(a.original, u.old_id)
        from unnest(olds, news) u (old_id, new_id)
            left join aox.adopted_messages a on a.account = source and a.message = u.old_id;
    return query select * from unnest(olds, news);
end
$$;

-- As before, with the keys of RFC 8474 and RFC 8514.
create or replace function aox.selects(program jsonb, the_policy bigint, c aox.candidate, generous boolean) returns boolean
    language plpgsql stable
as $$
declare
    item  jsonb;
    m     aox.messages;
    the_day date;
    wanted text := program ->> 'text';
    found_has boolean;
begin
    case program ->> 'op'
        when 'all' then
            return true;
        when 'and' then
            for item in select jsonb_array_elements(program -> 'of') loop
                if not aox.selects(item, the_policy, c, generous) then
                    return false;
                end if;
            end loop;
            return true;
        when 'or' then
            for item in select jsonb_array_elements(program -> 'of') loop
                if aox.selects(item, the_policy, c, generous) then
                    return true;
                end if;
            end loop;
            return false;
        when 'not' then
            return not aox.selects(program -> 'of' -> 0, the_policy, c, not generous);
        when 'flag' then
            return c.flags & (program ->> 'bits')::integer <> 0;
        when 'keyword' then
            return exists (select from unnest(c.keywords) k where lower(k collate "C") = wanted);
        when 'larger' then
            return c.octets > (program ->> 'octets')::numeric;
        when 'smaller' then
            return c.octets < (program ->> 'octets')::numeric;
        when 'older' then
            return c.internal_date <= now() - make_interval(secs => (program ->> 'seconds')::double precision);
        when 'younger' then
            return c.internal_date >= now() - make_interval(secs => (program ->> 'seconds')::double precision);
        when 'before', 'on', 'since' then
            -- The day in the zone in which the date was given.
            the_day := ((c.internal_date at time zone 'UTC') + make_interval(mins => c.internal_zone))::date;
            return case program ->> 'op' when 'before' then the_day < (program ->> 'day')::date
                                         when 'on' then the_day = (program ->> 'day')::date
                                         else the_day >= (program ->> 'day')::date end;
        when 'text' then
            select v.has into found_has from aox.policy_verdicts v
                where v.policy = the_policy and v.key = (program ->> 'key')::integer
                    and v.account = c.account and v.message = c.message;
            return coalesce(found_has, generous);
        when 'emailid' then
            select coalesce(min(a.original), c.message) = (program ->> 'message')::bigint into found_has
                from aox.adopted_messages a where a.account = c.account and a.message = c.message;
            return coalesce(found_has, false);
        when 'savedbefore', 'savedon', 'savedsince' then
            -- The day in UTC. What was deleted is asked when it had come into the mailbox.
            select (coalesce(
                (select g.saved_at from aox.mailbox_messages g
                    where g.account = c.account and g.mailbox = c.mailbox and g.uid = c.uid),
                (select t.saved_at from aox.tombstones t
                    where t.account = c.account and t.mailbox = c.mailbox and t.uid = c.uid)
                ) at time zone 'UTC')::date into the_day;
            if the_day is null then
                return generous;
            end if;
            return case program ->> 'op' when 'savedbefore' then the_day < (program ->> 'day')::date
                                         when 'savedon' then the_day = (program ->> 'day')::date
                                         else the_day >= (program ->> 'day')::date end;
        else
            null;
    end case;
    select * into m from aox.messages where account = c.account and id = c.message;
    case program ->> 'op'
        when 'subject' then
            return coalesce(position(wanted in aox.folded(m.subject)) > 0, false);
        when 'address' then
            return aox.has_in_addresses(m, (program ->> 'field')::smallint, wanted, generous);
        when 'header' then
            return aox.has_in_header(m.header, program ->> 'name', wanted, generous);
        when 'threadid' then
            -- As src/mailbox/object_id.rs makes it.
            select coalesce(nullif(split_part(m.reference_ids, e'\x1f', 1), ''), nullif(m.in_reply_to, ''), m.message_id)
                into wanted;
            if wanted is not null then
                return 'T' || encode(substr(sha256(convert_to(wanted, 'UTF8')), 1, 8), 'hex') = program ->> 'id';
            end if;
            select coalesce(min(a.original), c.message) = (program ->> 'message')::bigint into found_has
                from aox.adopted_messages a where a.account = c.account and a.message = c.message;
            return coalesce(found_has, false);
        when 'sentbefore' then
            return coalesce(m.sent_on < (program ->> 'day')::date, false);
        when 'senton' then
            return coalesce(m.sent_on = (program ->> 'day')::date, false);
        when 'sentsince' then
            return coalesce(m.sent_on >= (program ->> 'day')::date, false);
        else
            -- A newer server knows keys that this function does not.
            return generous;
    end case;
end
$$;
