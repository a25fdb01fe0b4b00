-- Which shard a lot lies in. A lot that was never moved follows the layout: its number modulo the shards there were
-- when its number came up. One that was moved has a place of its own.

CREATE TABLE exchange.shard_layout (
    from_lot   bigint  PRIMARY KEY,
    before_lot bigint  NOT NULL CHECK (before_lot > from_lot),
    shards     integer NOT NULL CHECK (shards BETWEEN 1 AND 1024)
);
INSERT INTO exchange.shard_layout VALUES (0, 9223372036854775807, 1);

CREATE TABLE exchange.lot_place (
    lot_id    bigint  PRIMARY KEY,
    shard     integer NOT NULL REFERENCES exchange.lease,
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Moves that somebody asked for; the shard's holder carries them out between two of its appends.
CREATE TABLE exchange.lot_move (
    lot_id   bigint  PRIMARY KEY,
    to_shard integer NOT NULL REFERENCES exchange.lease,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION exchange.shard_of(lot bigint) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT shard FROM exchange.lot_place WHERE lot_id = lot),
        (SELECT (lot % shards)::integer FROM exchange.shard_layout WHERE lot >= from_lot AND lot < before_lot))
$$;

-- The second half of the fence: whatever a writer believes, it appends nothing for a lot that lies in another shard.
-- It looks at all rows of a statement at once. The first half has locked the writer's lease row, and so does a move:
-- an append comes wholly before it, or sees it. As long as there is one shard there is nothing to compare.
CREATE FUNCTION exchange.require_place() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    writer integer := coalesce(nullif(current_setting('luochui.shard', true), ''), '0')::integer;
    stray  bigint;
BEGIN
    IF writer = 0 AND NOT EXISTS (SELECT FROM exchange.lot_place)
       AND NOT EXISTS (SELECT FROM exchange.shard_layout WHERE shards > 1) THEN
        RETURN NULL;
    END IF;
    SELECT added.lot_id INTO stray
      FROM added
      LEFT JOIN exchange.shard_layout AS layout
             ON added.lot_id >= layout.from_lot AND added.lot_id < layout.before_lot
      LEFT JOIN exchange.lot_place AS place ON place.lot_id = added.lot_id
     WHERE coalesce(place.shard, added.lot_id % layout.shards) IS DISTINCT FROM writer
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'lot % does not lie in shard %', stray, writer USING ERRCODE = 'LC002';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER refusal_is_placed AFTER INSERT ON exchange.refusal
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION exchange.require_place();
