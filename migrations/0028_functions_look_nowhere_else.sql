-- What a function means does not depend on the session that calls it.
--
-- A function that names a type, and does not say where to look for it, takes it from where its caller looks. Whoever has
-- the server's password can make a temporary domain called date, with a check that is a function of his own; has
-- aox.selects compiled in his session so that it declares variables of that domain; and then calls a function that acts
-- with the rights of aox_reaper and uses aox.selects: the check is carried out with these rights, and deletes what it likes.
-- So every function here says where it looks. A new one has to say it by itself: a test sees to it.

-- As before, without a text that standard_conforming_strings changes.
create or replace function aox.has_in_header(header bytea, field text, wanted text, generous boolean) returns boolean
    language plpgsql stable
as $$
declare
    f       record;
    blanks  constant text := e'[\u0001-\u0020\u007f-\u00a0]';
    is_utf8 boolean := true;
begin
    begin
        perform convert_from(header, 'UTF8');
    exception when others then
        is_utf8 := false;
    end;
    -- Some Windows editors put a mark before the first field, which hides its name here.
    if generous and position(decode('efbbbf', 'hex') in header) > 0 then
        return true;
    end if;
    for f in select value from aox.header_fields(header) where lower(name collate "C") = field loop
        if generous then
            if position('=?' in f.value) > 0 or position(e'\u001b' in f.value) > 0
                or (not is_utf8 and octet_length(f.value) <> char_length(f.value))
                or position(regexp_replace(wanted, blanks, '', 'g') in regexp_replace(aox.folded(f.value), blanks, '', 'g')) > 0
            then
                return true;
            end if;
        elsif octet_length(f.value) = char_length(f.value) and position('=?' in f.value) = 0
            and f.value !~ e'[\u0001-\u001f]' and position(wanted in lower(f.value collate "C")) > 0
        then
            return true;
        end if;
    end loop;
    return false;
end
$$;

do $$
declare
    the_function regprocedure;
begin
    for the_function in
        select p.oid from pg_proc p join pg_language l on l.oid = p.prolang
        where p.pronamespace = 'aox'::regnamespace and p.prosqlbody is null
            and not exists (select from unnest(p.proconfig) c where c like 'search_path=%')
            -- In SQL, only those that name types: others are put into the query that calls them, which is faster.
            and (l.lanname = 'plpgsql' or p.proname in ('digestible', 'uid_set'))
    loop
        execute format('alter function %s set search_path = aox, pg_temp', the_function);
    end loop;
end
$$;
