-- Who did not honour his bid: nothing of his deposit moves when the lot is settled.
ALTER TABLE ledger.settlement ADD COLUMN defaulted_bidder_ids bigint[] NOT NULL DEFAULT '{}';
