-- Every host hears that deleted mail has ended, so that those who look at it are told.

create function aox.tell_of_ended() returns trigger
    language plpgsql
    set search_path = aox, pg_temp
as $$
begin
    if exists (select from gone where message is not null) then
        perform pg_notify('aox_changes', 'database +');
    end if;
    return null;
end
$$;

create trigger tell_of_ended after delete on aox.tombstones
    referencing old table as gone
    for each statement execute function aox.tell_of_ended();
