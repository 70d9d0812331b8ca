-- Whether the site says anything about who may delete. Locks nothing.
select exists (select from aox.delete_policies where removed_at is null)
