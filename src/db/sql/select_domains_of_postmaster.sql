-- The domains that have a postmaster. Locks nothing.
select distinct domain from aox.alias_targets where localpart_key = 'postmaster'
