-- The groups with the logins of their members. Locks nothing.
select g.name, g.description,
    array(select a.login from aox.group_members m join aox.accounts a on a.id = m.account and a.state <> 2
          where m.group_id = g.id order by a.login_key)
from aox.groups g
order by g.name_key
