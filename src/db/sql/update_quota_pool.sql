-- Makes a pool the sum of its shares. $1 quota. Locks it; the usage of all who share it must be locked before.
update aox.quota_pools p set messages = s.messages, octets = s.octets
from (select coalesce(sum(messages), 0) as messages, coalesce(sum(octets), 0) as octets
      from aox.quota_shares where quota = $1) s
where p.quota = $1
