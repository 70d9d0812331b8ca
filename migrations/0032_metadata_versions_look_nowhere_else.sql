-- Names in it are looked up where it says, and not where its caller looks.
alter function aox.next_metadata_version(bigint) set search_path = aox, pg_temp;
