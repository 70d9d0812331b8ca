-- The last seal. Locks nothing.
select number, digest, sealed_at from aox.audit_seals order by number desc limit 1
