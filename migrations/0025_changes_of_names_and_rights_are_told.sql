-- Every host hears which accounts have mailboxes of other names or other subscriptions, and that rights are other ones:
-- clients that watch mailboxes are told. Whoever changes them, the database says so by itself.

create function aox.tell_of_names() returns trigger
    language plpgsql
as $$
begin
    perform pg_notify('aox_changes', 'database ~' || coalesce(new.account, old.account));
    return null;
end
$$;

create trigger tell_of_names after insert or delete or update of name, deleted_at, special_use on aox.mailboxes
    for each row execute function aox.tell_of_names();
create trigger tell_of_names after insert or delete on aox.subscriptions
    for each row execute function aox.tell_of_names();

create function aox.tell_of_rights() returns trigger
    language plpgsql
as $$
begin
    perform pg_notify('aox_changes', 'database =');
    return null;
end
$$;

create trigger tell_of_rights after insert or delete or update on aox.rights
    for each statement execute function aox.tell_of_rights();
create trigger tell_of_rights after insert or delete on aox.group_members
    for each statement execute function aox.tell_of_rights();
