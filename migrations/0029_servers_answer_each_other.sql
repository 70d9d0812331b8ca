-- What one server asks all others, and what they answer: who is connected, and whom to send away. Rows live for seconds.
create unlogged table aox.questions (
    id       bigint      generated always as identity primary key,
    asked_at timestamptz not null default now(),
    what     jsonb       not null
);
create unlogged table aox.answers (
    question bigint      not null references aox.questions (id) on delete cascade,
    -- The name under which a server listens to the others.
    server   text        not null,
    answer   jsonb       not null,
    primary key (question, server)
);
grant select, insert, delete on aox.questions, aox.answers to aox_server;
