-- Deadlines: no statement of ours takes this long unless something is wrong, and a client must not wait for ever.
-- Compiling statements costs more than running ours, all of which find their rows by key.
set statement_timeout = '120s';
set lock_timeout = '60s';
set idle_in_transaction_session_timeout = '120s';
set client_min_messages = warning;
set jit = off;
-- Nor is planning them anew with each list of values worth anything: the plan is the same whatever the values are.
set plan_cache_mode = force_generic_plan;
