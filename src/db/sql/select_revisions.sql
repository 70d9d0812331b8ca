-- What has been applied, in its order.
select revision, name, checksum from aox.schema_revisions order by revision
