-- The rulebook that a lot was published under, and what it needed to know. Amounts are minor units, the commission
-- basis points, times microseconds. `rulebook_digest` is the SHA-256 of the rulebook's file as it was then.

ALTER TABLE exchange.lot
    ADD COLUMN rulebook        text    NOT NULL DEFAULT '',
    ADD COLUMN rulebook_digest text    NOT NULL DEFAULT '',
    ADD COLUMN valuation       bigint  NOT NULL DEFAULT 0 CHECK (valuation >= 0),
    ADD COLUMN commission      integer NOT NULL DEFAULT 0 CHECK (commission BETWEEN 0 AND 10000),
    ADD COLUMN notice_at_us    bigint  NOT NULL DEFAULT 0,
    ADD COLUMN relisted_from   bigint  REFERENCES exchange.lot;

UPDATE exchange.lot SET notice_at_us = published_at_us;

-- What passed is sold again once; another time only when that sale was withdrawn.
CREATE UNIQUE INDEX lot_relisted_once ON exchange.lot (relisted_from)
 WHERE relisted_from IS NOT NULL AND outcome IS DISTINCT FROM 'withdrawn';
