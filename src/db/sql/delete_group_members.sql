-- Takes everybody out of the group $1.
delete from aox.group_members where group_id = $1
