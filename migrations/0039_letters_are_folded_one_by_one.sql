-- A text of other than ASCII letters is folded in microseconds: each letter is looked up, where all 7,000 were read before
-- to join them with the few of one text.

create or replace function aox.folded(words text) returns text
    language plpgsql stable strict
    set search_path = aox, pg_temp
as $$
begin
    if octet_length(words) = char_length(words) then
        return lower(words collate "C");
    end if;
    return (
        select coalesce(string_agg(case
            when octet_length(c.letter) = 1 then lower(c.letter collate "C")
            when ascii(c.letter) between 44032 and 55203 then normalize(c.letter, nfkd)
            -- As a query of its own it is carried out for this letter, and only for it.
            else coalesce((select l.folded from aox.letter_cases l where l.letter = c.letter), c.letter) end, ''
            order by c.n), '')
        from string_to_table(words, null) with ordinality c (letter, n)
    );
end
$$;
