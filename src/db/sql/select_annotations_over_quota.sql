-- The quota that allows fewer octets of annotations than an account, or all that share it, have now. $1 account. Locks the
-- rows of pools.
select aox.annotations_over_quota($1)
