-- The domains in which there are addresses, and which are not listed. Locks nothing.
select distinct t.domain from aox.alias_targets t
where not exists (select from aox.domains d where d.name = t.domain)
order by 1
