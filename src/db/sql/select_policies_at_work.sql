-- The policies that count now: id, whether it deletes, the search as it was written, and how many of its keys ask for
-- texts. Locks nothing.
select p.id, p.kind = 'delete', p.selector, p.text_keys
from aox.policies p
where aox.is_in_force(p)
order by p.id
