-- Whether indexes can be compared with their tables, and by us. Locks nothing.
select coalesce(has_function_privilege(to_regprocedure('bt_index_check(regclass)'), 'execute'), false)
