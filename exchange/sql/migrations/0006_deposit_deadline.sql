-- Until when deposits for a lot may arrive, in microseconds; 0 where they may until the lot ends.

ALTER TABLE exchange.lot
    ADD COLUMN deposit_by_us bigint NOT NULL DEFAULT 0 CHECK (deposit_by_us >= 0),
    ADD CONSTRAINT lot_deadline_of_a_deposit CHECK (deposit_by_us = 0 OR deposit > 0);
