-- What no seal tells: how many rows wait for one, how many name one that does not exist, and before which time logins
-- were forgotten: none that are younger than a day
-- may be. Locks nothing.
select (select count(*) from aox.audit where seal is null) + (select count(*) from aox.logins where seal is null),
    (select count(*) from aox.audit where seal > coalesce(s.last, 0) or seal < 1)
        + (select count(*) from aox.logins where seal > coalesce(s.last, 0) or seal < 1),
    (select max((detail ->> 'before')::timestamptz) from aox.audit
     where kind = 'forgetting' and (detail ->> 'before')::timestamptz < at - interval '23 hours')
from (select max(number) as last from aox.audit_seals) s
