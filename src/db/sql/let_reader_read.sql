-- Lets the role that may only ask read the public views, if there is that role by now. Run by the owner of the schema.
select aox.let_reader_read()
