-- A search finds the names of groups of addresses in To, Cc and Bcc, which stand in the header only; so does a hold.

-- As before, and whoever is generous looks for the name of a group in a field that may have one.
create or replace function aox.has_in_addresses(m aox.messages, the_field smallint, wanted text, generous boolean) returns boolean
    language sql stable
as $$
    select exists (
        select
        from aox.message_addresses u
            join aox.addresses a on a.account = u.account and a.id = u.address
        where u.account = m.account and u.message = m.id and u.field = the_field
            and position(wanted in aox.folded(
                case when a.name is null then a.localpart || '@' || a.domain
                     else a.name || ' <' || a.localpart || '@' || a.domain || '>' end)) > 0
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
