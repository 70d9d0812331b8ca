-- Ends that an address leads to another one. $1 domain, $2 local-part as written, and the same of the target $3 $4.
delete from aox.redirects
where domain = $1 and localpart = $2 and target_domain = $3 and target_localpart = $4
