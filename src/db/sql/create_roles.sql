-- The roles: who owns the tables, whom servers connect as, who owns the only functions that can end mail, and who may ask
-- the public views and sees nothing else.
-- Run by a superuser, as often as one likes.
do $$
begin
    if not exists (select from pg_roles where rolname = 'aox_owner') then
        create role aox_owner login;
    end if;
    if not exists (select from pg_roles where rolname = 'aox_server') then
        create role aox_server login;
    end if;
    if not exists (select from pg_roles where rolname = 'aox_reaper') then
        create role aox_reaper nologin;
    end if;
    if not exists (select from pg_roles where rolname = 'aox_reader') then
        create role aox_reader login;
    end if;
end
$$;
-- The owner makes functions and gives them to the reaper; nobody else may act as the reaper.
grant aox_reaper to aox_owner;
