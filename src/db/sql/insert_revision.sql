-- Records a migration. $1 its number, $2 its name, $3 the SHA-256 of its text.
insert into aox.schema_revisions (revision, name, checksum) values ($1, $2, $3)
