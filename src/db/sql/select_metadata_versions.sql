-- How often the metadata of each account was changed. Locks nothing.
select account, version from aox.metadata_versions
