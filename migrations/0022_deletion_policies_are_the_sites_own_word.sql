-- Who may delete is asked of people and their programs; a policy that has mail deleted is the site's own word already.
create or replace function aox.obey_delete_policies() returns trigger
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    ban text;
begin
    if exists (select from aox.delete_policies where removed_at is null) then
        select min(aox.delete_ban(g.deleted_by, g.account, g.mailbox)) into ban
            from (select distinct deleted_by, account, mailbox, door, reason from gone) g
            where not (g.deleted_by is null and g.door = 'policy' and exists (
                select from aox.policies p
                where p.kind = 'delete' and p.removed_at is null and 'policy ' || p.id = g.reason));
        if ban is not null then
            raise exception using errcode = 'AX001', message = ban;
        end if;
    end if;
    return null;
end
$$;
