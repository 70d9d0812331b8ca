-- Counts one more failure for each subject, and returns the counts. $1 subjects, $2 now, $3 seconds in which half of a count
-- fades, $4 the highest count. Locks the rows, in the order of the subjects.
insert into aox.login_failures as f (subject, count, last_at)
    select s, 1, $2 from unnest($1::text[]) s order by s
on conflict (subject) do update
    set count = least($4::float8, 1 + f.count * power(0.5, greatest(0, extract(epoch from excluded.last_at - f.last_at))::float8 / $3::float8)),
        last_at = greatest(f.last_at, excluded.last_at)
returning f.subject, f.count, f.last_at
