-- Where everybody has a \Seen of his own, his other devices hear what he has changed since they were told last.

alter table aox.seen
    -- The last changes, each with its modseq, ascending. The first stands for all that were before it, too.
    add column change_modseqs bigint[]         not null default '{}',
    add column changes        int8multirange[] not null default '{}';

grant update (change_modseqs, changes) on aox.seen to aox_server;
