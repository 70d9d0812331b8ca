-- What has been applied to the schema, and when. Locks nothing.
select revision, name, applied_at from aox.schema_revisions order by revision
