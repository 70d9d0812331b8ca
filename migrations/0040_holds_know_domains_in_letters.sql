-- A search for a domain in the letters of any script finds mail that has it in A-labels (RFC 5890); so does a hold.

-- The U-label that an A-label stands for (RFC 3492 §6.2); the label as it is, when it is none.
create function aox.u_label(label text) returns text
    language plpgsql immutable strict
    set search_path = aox, pg_temp
as $$
declare
    rest    text := substr(lower(label collate "C"), 5);
    decoded text := '';
    letter  bigint := 128;
    place   bigint := 0;
    bias    bigint := 72;
    before  bigint;
    weight  bigint;
    digit   bigint;
    lowest  bigint;
    step    bigint;
    count   bigint;
begin
    if char_length(label) > 63 then
        return label;
    end if;
    -- What stands before the last hyphen is itself.
    if position('-' in rest) > 0 then
        step := position('-' in reverse(rest));
        decoded := left(rest, (char_length(rest) - step)::integer);
        rest := right(rest, (step - 1)::integer);
    end if;
    while rest <> '' loop
        before := place;
        weight := 1;
        step := 36;
        loop
            digit := position(left(rest, 1) in 'abcdefghijklmnopqrstuvwxyz0123456789') - 1;
            if rest = '' or digit < 0 or weight > 1000000000 then
                return label;
            end if;
            rest := substr(rest, 2);
            place := place + digit * weight;
            lowest := greatest(1, least(26, step - bias));
            exit when digit < lowest;
            weight := weight * (36 - lowest);
            step := step + 36;
        end loop;
        count := char_length(decoded) + 1;
        bias := place - before;
        bias := case when before = 0 then bias / 700 else bias / 2 end;
        bias := bias + bias / count;
        step := 0;
        while bias > 455 loop
            bias := bias / 35;
            step := step + 36;
        end loop;
        bias := step + 36 * bias / (bias + 38);
        letter := letter + place / count;
        place := place % count;
        if letter > 1114111 or letter between 55296 and 57343 then
            return label;
        end if;
        decoded := left(decoded, place::integer) || chr(letter::integer) || substr(decoded, place::integer + 1);
        place := place + 1;
    end loop;
    return decoded;
end
$$;

-- A domain with U-labels in place of its A-labels.
create function aox.with_u_labels(domain text) returns text
    language plpgsql immutable strict
    set search_path = aox, pg_temp
as $$
declare
    label text;
begin
    -- The longest first: a shorter one may be the beginning of it.
    for label in
        select distinct m[1] as label, char_length(m[1]) as length
        from regexp_matches(domain, '(?<![A-Za-z0-9_-])(xn--[A-Za-z0-9_-]*)', 'gi') m
        order by length desc
    loop
        domain := replace(domain, label, aox.u_label(label));
    end loop;
    return domain;
end
$$;

-- As before, and whoever is generous reads domains in U-labels, too. An A-label that is looked for is also looked for as a
-- U-label: see src/search/program.rs.
create or replace function aox.has_in_addresses(m aox.messages, the_field smallint, wanted text, generous boolean) returns boolean
    language sql stable
as $$
    select exists (
        select
        from aox.message_addresses u
            join aox.addresses a on a.account = u.account and a.id = u.address
            cross join lateral (
                select a.domain
                union all
                select aox.with_u_labels(a.domain) where generous and a.domain ~* 'xn--'
            ) d
        where u.account = m.account and u.message = m.id and u.field = the_field
            and position(wanted in aox.folded(
                case when a.name is null then a.localpart || '@' || d.domain
                     else a.name || ' <' || a.localpart || '@' || d.domain || '>' end)) > 0
            and (generous or exists (
                select from aox.header_fields(m.header) f
                where lower(f.name collate "C") = (array['from', 'sender', 'reply-to', 'to', 'cc', 'bcc'])[the_field]
                    and position(aox.folded(a.localpart) in aox.folded(f.value)) > 0))
    ) or generous and the_field >= 4 and exists (
        select
        from aox.header_fields(m.header) f
        where lower(f.name collate "C") = (array['from', 'sender', 'reply-to', 'to', 'cc', 'bcc'])[the_field]
            and position(':' in f.value) > 0
            -- What has to be decoded in ways that are not known here counts as a hit.
            and (position('=?' in f.value) > 0 or position(chr(92) in f.value) > 0
                or octet_length(f.value) <> char_length(f.value)
                or position(regexp_replace(wanted, '[[:space:]]', '', 'g')
                            in regexp_replace(aox.folded(f.value), '[[:space:]]', '', 'g')) > 0)
    )
$$;
