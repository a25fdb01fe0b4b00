-- In what capacity a bidder takes part in a lot: his rank among priority purchasers, and who buys jointly with him.
-- Entered by staff after looking at the papers, and fixed once he has a paddle.
CREATE TABLE exchange.capacity (
    lot           bigint   NOT NULL REFERENCES exchange.lot,
    account       bigint   NOT NULL REFERENCES exchange.account,
    rank          smallint NOT NULL CHECK (rank BETWEEN 0 AND 99),
    entered_by    bigint   NOT NULL REFERENCES exchange.account,
    entered_at_us bigint   NOT NULL,
    PRIMARY KEY (lot, account)
);

CREATE TABLE exchange.joint_partner (
    lot     bigint   NOT NULL,
    account bigint   NOT NULL REFERENCES exchange.account,
    lead    bigint   NOT NULL,
    share   smallint NOT NULL CHECK (share BETWEEN 1 AND 9999),
    PRIMARY KEY (lot, account),
    FOREIGN KEY (lot, lead) REFERENCES exchange.capacity (lot, account)
);
CREATE INDEX joint_partner_lead ON exchange.joint_partner (lot, lead);
