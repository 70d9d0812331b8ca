-- Whether the database is there already.
select exists (select from pg_database where datname = 'aox')
