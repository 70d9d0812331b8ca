-- Makes mail for an address go to what another one stands for. $1 local-part, $2 its key, $3 domain, and the same of the
-- target $4 $5 $6. Adds nothing when it does so already.
insert into aox.redirects (localpart, localpart_key, domain, target_localpart, target_localpart_key, target_domain)
values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
