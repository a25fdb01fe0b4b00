-- Lots that have ended grow to hundreds of thousands. What they are found by, put in order by and added up from stands in
-- columns, indexes and rows of sums. The columns are generated and the sums are written by the statement that writes the
-- outcome, so that neither can say something else than `final_view`.

-- What people call the things of a category, for those who look for 土地 or 汽车; in small letters.
CREATE FUNCTION exchange.words_of_category(category text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE category
        WHEN 'land' THEN '建设用地 土地 宗地 地块 land'
        WHEN 'mining' THEN '矿业权 采矿权 探矿权 矿产 mining rights'
        WHEN 'forest' THEN '林权 林地 森林 山林 forest rights'
        WHEN 'rural' THEN '农村产权 农村土地 承包地 集体资产 rural property'
        WHEN 'equity' THEN '国有产权 股权 state equity shares'
        WHEN 'vehicle' THEN '车辆 汽车 公车 机动车 vehicles cars'
        WHEN 'confiscated' THEN '罚没物品 罚没物资 涉案财物 confiscated goods'
        WHEN 'emission' THEN '排放权 碳配额 碳排放权 排污权 emission allowances'
        WHEN 'property' THEN '房产 房屋 不动产 住宅 商铺 real estate houses'
        ELSE '' END
$$;

-- Small letters, full-width signs as plain ones: 「ＬＣ－２０２６」 is found by lc-2026. Whoever looks asks in the same form.
ALTER TABLE exchange.lot
    ADD COLUMN sought text GENERATED ALWAYS AS (lower(normalize(
        code || ' ' || title_zh || ' ' || title_en || ' ' || seller_zh || ' ' || seller_en || ' ' || region || ' '
        || address_zh || ' ' || address_en || ' ' || exchange.words_of_category(category) || ' ' || rulebook,
        NFKC))) STORED,
    ADD COLUMN opens_at_us bigint GENERATED ALWAYS AS (coalesce((terms->>'opens_at_us')::bigint, 0)) STORED,
    ADD COLUMN final_price bigint GENERATED ALWAYS AS (
        CASE WHEN (final_view->>'winner')::bigint <> 0 THEN (final_view->>'hammer_price')::bigint
             WHEN (final_view->>'price')::bigint <> 0 THEN (final_view->>'price')::bigint
             ELSE (final_view->>'opening_price')::bigint END) STORED;

-- Every sign of a text, and every two that stand beside each other. Chinese has no spaces between words and many words of
-- two signs, which an index over three (pg_trgm) does not find. A text holds another only if it holds all of its pairs.
CREATE FUNCTION exchange.pairs_of_signs(words text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100 AS $$
    SELECT coalesce(array_agg(found), '{}')
      FROM unnest(string_to_array(words, NULL), (string_to_array(words, NULL))[2:]) AS beside (sign, following),
           LATERAL (VALUES (sign), (sign || following)) AS made (found)
     WHERE strpos(found, ' ') = 0
$$;

-- Over all lots, because the planner takes what is known of an expression (how many lots have a pair) from no partial index.
CREATE INDEX lot_sought ON exchange.lot USING gin (exchange.pairs_of_signs(sought));
CREATE INDEX lot_closed_category ON exchange.lot (category, closed_at_us DESC, id DESC) WHERE outcome IS NOT NULL;
CREATE INDEX lot_closed_region ON exchange.lot (region, closed_at_us DESC, id DESC) WHERE outcome IS NOT NULL;
CREATE INDEX lot_closed_outcome ON exchange.lot (outcome, closed_at_us DESC, id DESC) WHERE outcome IS NOT NULL;
CREATE INDEX lot_closed_price ON exchange.lot (currency, final_price, id) WHERE outcome IS NOT NULL;
CREATE INDEX lot_region ON exchange.lot (region) WHERE is_announced;
CREATE INDEX lot_rulebook ON exchange.lot (rulebook, id DESC) WHERE rulebook <> '';
CREATE INDEX lot_opens_at ON exchange.lot (opens_at_us, id DESC) WHERE opens_at_us > 0;
CREATE INDEX lot_deposit_by ON exchange.lot (deposit_by_us, id DESC) WHERE deposit_by_us > 0;

-- What each lot that has ended adds to the sums. A hammer price is compared with the opening price where one bidder won
-- and prices could only rise.
CREATE VIEW exchange.ended_lot AS
SELECT id, currency, is_demo, category, region,
       to_char(to_timestamp(closed_at_us / 1000000) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month,
       (outcome = 'sold')::int AS sold, (outcome = 'passed')::int AS passed, (outcome = 'withdrawn')::int AS withdrawn,
       CASE WHEN outcome = 'sold' THEN coalesce(
           (SELECT sum(greatest((award->>'amount')::numeric, 0))
              FROM json_array_elements(coalesce(final_view->'awards', '[]')) AS award),
           (final_view->>'hammer_price')::numeric) ELSE 0 END AS turnover,
       CASE WHEN is_compared THEN (final_view->>'hammer_price')::numeric ELSE 0 END AS compared_hammer,
       CASE WHEN is_compared THEN (final_view->>'opening_price')::numeric ELSE 0 END AS compared_opening,
       CASE WHEN outcome <> 'withdrawn' THEN (final_view->>'bidders')::bigint ELSE 0 END AS bidders
  FROM exchange.lot,
       LATERAL (SELECT outcome = 'sold' AND (final_view->>'winner')::bigint <> 0
                       AND coalesce(final_view->>'direction', 'rising') = 'rising'
                       AND (final_view->>'opening_price')::bigint > 0 AS is_compared) AS comparison
 WHERE outcome IS NOT NULL;

CREATE TABLE exchange.ended_lots (
    currency         text    NOT NULL,
    is_demo          boolean NOT NULL,
    month            text    NOT NULL,
    category         text    NOT NULL,
    region           text    NOT NULL,
    sold             bigint  NOT NULL,
    passed           bigint  NOT NULL,
    withdrawn        bigint  NOT NULL,
    turnover         numeric NOT NULL,
    compared_hammer  numeric NOT NULL,
    compared_opening numeric NOT NULL,
    bidders          bigint  NOT NULL,
    PRIMARY KEY (currency, month, is_demo, category, region)
);

CREATE FUNCTION exchange.add_ended_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO exchange.ended_lots AS sums
    SELECT currency, is_demo, month, category, region, sold, passed, withdrawn, turnover, compared_hammer,
           compared_opening, bidders
      FROM exchange.ended_lot WHERE id = NEW.id
    ON CONFLICT (currency, month, is_demo, category, region) DO UPDATE SET
        sold = sums.sold + EXCLUDED.sold,
        passed = sums.passed + EXCLUDED.passed,
        withdrawn = sums.withdrawn + EXCLUDED.withdrawn,
        turnover = sums.turnover + EXCLUDED.turnover,
        compared_hammer = sums.compared_hammer + EXCLUDED.compared_hammer,
        compared_opening = sums.compared_opening + EXCLUDED.compared_opening,
        bidders = sums.bidders + EXCLUDED.bidders;
    RETURN NULL;
END $$;
CREATE TRIGGER lot_is_added_up AFTER UPDATE ON exchange.lot
    FOR EACH ROW WHEN (OLD.outcome IS NULL AND NEW.outcome IS NOT NULL) EXECUTE FUNCTION exchange.add_ended_lot();

-- What the sums come to when they are made anew out of the lots; nobody closes a lot meanwhile.
CREATE FUNCTION exchange.add_up_ended_lots() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE exchange.ended_lots IN EXCLUSIVE MODE;
    DELETE FROM exchange.ended_lots;
    INSERT INTO exchange.ended_lots
    SELECT currency, is_demo, month, category, region, sum(sold), sum(passed), sum(withdrawn), sum(turnover),
           sum(compared_hammer), sum(compared_opening), sum(bidders)
      FROM exchange.ended_lot GROUP BY currency, is_demo, month, category, region;
END $$;
SELECT exchange.add_up_ended_lots();
