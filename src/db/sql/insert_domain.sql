-- Makes the domain $1 one of the site; nothing when it is.
insert into aox.domains (name) values ($1) on conflict do nothing
