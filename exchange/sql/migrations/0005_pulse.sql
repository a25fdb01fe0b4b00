-- When the holder of a shard was last heard of. Beside the lease and not in it: an append holds the lease's row locked.

CREATE TABLE exchange.pulse (
    shard integer PRIMARY KEY REFERENCES exchange.lease,
    term  bigint NOT NULL,
    at    timestamptz NOT NULL
) WITH (fillfactor = 10);
