-- The database, in UTF-8 whatever the cluster's default is; text compares by its octets.
create database aox owner aox_owner encoding 'UTF8' locale 'C' template template0
