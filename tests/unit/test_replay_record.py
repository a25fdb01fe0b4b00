"""Recorded auctions: reading them as they come, the rule alone over them, and what a report says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gateways.recorded import (
    ColumnsMissing,
    Reason,
    RecordedAuction,
    RecordedBid,
    Result,
    inferred_reserve,
    lot_terms,
    read_auctions,
    reason_of,
    rule_result,
)
from gateways.replay import SECONDS_MAX, compare, default_speed, totals
from matching.terms import terms_problems

HEAD = "auctionid,bid,bidtime,bidder,bidderrate,openbid,price,item,auction_type\n"


def read(folder: Path, text: str) -> list[RecordedAuction]:
    file = folder / "auctions.csv"
    file.write_text(text, encoding="utf-8")
    return read_auctions(file)


def auction(
    *bids: tuple[str, int], price: int, opening_price: int = 10_00, problems: tuple[str, ...] = ()
) -> RecordedAuction:
    recorded = tuple(RecordedBid(bidder, limit, float(at_s)) for at_s, (bidder, limit) in enumerate(bids))
    return RecordedAuction("1", "a watch", opening_price, price, recorded, problems)


def test_a_row_becomes_a_bid_in_cents_and_seconds(tmp_path: Path) -> None:
    [read_auction] = read(tmp_path, HEAD + "7,175,2.5,B1,0,99,177.5,Cartier wristwatch,3 day auction\n")
    assert read_auction.id == "7"
    assert read_auction.item == "Cartier wristwatch"
    assert (read_auction.opening_price, read_auction.price) == (99_00, 177_50)
    assert read_auction.bids == (RecordedBid("B1", 175_00, 2.5 * 86_400),)
    assert read_auction.problems == ()


def test_auctions_are_told_apart_wherever_their_rows_stand(tmp_path: Path) -> None:
    rows = "7,10,1,A,0,5,10,x,t\n8,20,1,B,0,5,20,x,t\n7,11,2,C,0,5,10,x,t\n"
    first, second = read(tmp_path, HEAD + rows)
    assert [bid.bidder for bid in first.bids] == ["A", "C"]
    assert [bid.bidder for bid in second.bids] == ["B"]


def test_equal_times_and_missing_times_keep_the_order_of_the_file(tmp_path: Path) -> None:
    rows = "7,10,1,A,0,5,10,x,t\n7,12,2,B,0,5,10,x,t\n7,11,2,C,0,5,10,x,t\n7,13,,D,0,5,10,x,t\n7,14,1.5,E,0,5,10,x,t\n"
    [read_auction] = read(tmp_path, HEAD + rows)
    assert [bid.bidder for bid in read_auction.bids] == ["A", "E", "B", "C", "D"]


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("175", 175_00),
        ("0.01", 1),
        ("24.989999", 24_99),
        ("99.995", 100_00),
        ('"1,234.50"', 1234_50),
        ("$20", 20_00),
        ("1e2", 100_00),
        (" 12.5 ", 12_50),
    ],
)
def test_amounts_are_read_as_people_and_programs_write_them(tmp_path: Path, written: str, cents: int) -> None:
    [read_auction] = read(tmp_path, HEAD + f'7,{written},1,A,0,5,10,"a watch, used",t\n')
    assert read_auction.bids[0].limit == cents
    assert read_auction.item == "a watch, used"


@pytest.mark.parametrize("written", ["", "NA", "nan", "-5", "0", "abc", "Infinity", "1e30"])
def test_a_row_without_a_usable_bid_is_left_out_and_named(tmp_path: Path, written: str) -> None:
    [read_auction] = read(tmp_path, HEAD + f"7,{written},1,A,0,5,10,x,t\n7,10,2,B,0,5,10,x,t\n")
    assert [bid.bidder for bid in read_auction.bids] == ["B"]
    assert len(read_auction.problems) == 1
    assert read_auction.problems[0].startswith("line 2: ")


def test_a_short_row_a_blank_line_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    [read_auction] = read(tmp_path, "\ufeff" + HEAD + "7,10,1,A,0,5,10,x,t\n\n7,11\n")
    assert [bid.limit for bid in read_auction.bids] == [10_00]
    assert read_auction.problems == ("line 4: no bidder",)


def test_what_most_rows_state_of_the_auction_holds(tmp_path: Path) -> None:
    rows = "7,10,1,A,0,,30,x,t\n7,11,2,B,0,5,10,x,t\n7,12,3,C,0,5,10,x,t\n"
    [read_auction] = read(tmp_path, HEAD + rows)
    assert (read_auction.opening_price, read_auction.price) == (5_00, 10_00)
    assert read_auction.problems == ("rows disagree on price",)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ColumnsMissing, match="bidtime, openbid"):
        read(tmp_path, "auctionid,bid,bidder,price\n1,2,3,4\n")


def test_the_terms_of_every_replayed_lot_are_sound() -> None:
    assert terms_problems(lot_terms(auction(("A", 10_00), price=10_00))) == []


def test_the_leader_pays_the_strongest_rival_and_one_step() -> None:
    played = auction(("A", 50_00), ("B", 30_00), ("C", 40_00), price=41_00)
    assert rule_result(played) == Result(41_00, "A", {})
    assert reason_of(played, rule_result(played)) is None


def test_of_equal_bids_the_earlier_leads() -> None:
    played = auction(("A", 40_00), ("B", 40_00), price=40_00)
    assert rule_result(played) == Result(40_00, "A", {})
    assert played.top == RecordedBid("A", 40_00, 0.0)


def test_a_bid_below_the_minimum_is_refused_and_counted() -> None:
    played = auction(("A", 50_00), ("B", 40_00), ("C", 41_50), price=45_00)
    ours = rule_result(played)
    assert ours == Result(41_00, "A", {"BELOW_ASKING_PRICE": 1})
    assert ours.below_minimum == 1


def test_a_price_that_a_secret_reserve_gives_is_recognised() -> None:
    played = auction(("A", 20_00), ("B", 60_00), price=60_00)
    ours = rule_result(played)
    assert ours is not None
    assert ours.price == 20_50
    assert inferred_reserve(played) == 60_00
    assert reason_of(played, ours) is Reason.HIDDEN_RESERVE
    reserved = rule_result(played, 60_00)
    assert reserved == Result(60_00, "B", {})
    assert reason_of(played, reserved, 60_00) is None


def test_no_reserve_is_inferred_where_none_is_needed_or_none_helps() -> None:
    assert inferred_reserve(auction(("A", 50_00), ("B", 30_00), price=31_00)) == 0
    assert inferred_reserve(auction(("A", 50_00), ("B", 30_00), price=25_00)) == 0


@pytest.mark.parametrize(
    ("played", "reason"),
    [
        (auction(("A", 50_00), ("B", 30_00), price=25_00), Reason.TOP_BID_AND_PRICE_DISAGREE),
        (auction(("A", 50_00), ("B", 50_00), ("C", 50_20), price=50_20), Reason.BELOW_MINIMUM),
        (auction(("A", 50_00), price=0), Reason.MALFORMED),
        (auction(("A", 50_00), price=50_00, opening_price=0), Reason.MALFORMED),
        (auction(price=50_00), Reason.MALFORMED),
    ],
)
def test_a_difference_gets_its_reason(played: RecordedAuction, reason: Reason) -> None:
    assert reason_of(played, rule_result(played)) is reason


def test_a_result_that_is_not_the_rules_is_our_fault_even_when_the_price_agrees() -> None:
    played = auction(("A", 50_00), ("B", 30_00), price=31_00)
    assert reason_of(played, Result(31_00, "B", {})) is Reason.RULE
    assert reason_of(played, Result(32_00, "A", {})) is Reason.RULE


def test_the_report_adds_up() -> None:
    agreeing = auction(("A", 50_00), ("B", 30_00), price=31_00)
    reserved = auction(("A", 20_00), ("B", 60_00), price=60_00)
    absent = auction(price=1_00, problems=("no usable openbid",))
    comparisons = [
        compare(agreeing, 1, rule_result(agreeing)),
        compare(reserved, 2, rule_result(reserved)),
        compare(reserved, 3, rule_result(reserved, 60_00), 60_00),
        compare(absent, 0, None),
    ]
    report = totals(comparisons, 1.5, 10.0)
    assert (report.auctions, report.run, report.not_run) == (4, 3, 1)
    assert (report.agreed, report.agreed_without_reserve, report.agreed_with_reserve) == (2, 1, 1)
    assert (report.bids, report.accepted, report.refused) == (6, 6, 0)
    assert report.leaders_agreed == 3
    assert report.differing == 2
    assert report.reasons == {"hidden_reserve": 1, "malformed_record": 1}


def test_time_is_compressed_so_that_the_whole_takes_a_minute_at_most() -> None:
    week_s = 7 * 86_400.0
    long_auction = RecordedAuction("1", "", 1, 1, (RecordedBid("A", 1, week_s),) * 60, ())
    speed = default_speed([long_auction] * 320, parallel=8)
    assert 320 * week_s / 8 / speed == pytest.approx(SECONDS_MAX)
    few = default_speed([long_auction] * 2, parallel=8)
    assert week_s / few == pytest.approx(1.2)


def test_the_recorded_auctions_follow_from_the_rule(data_folder: Path) -> None:
    file = data_folder / "ebay" / "auctions.csv"
    if not file.is_file():
        pytest.skip(f"no recorded auctions: {file} is absent")
    auctions = read_auctions(file)
    reasons: Counter[str] = Counter()
    for played in auctions:
        reserve_price = inferred_reserve(played)
        ours = rule_result(played, reserve_price)
        assert ours is not None
        assert played.top is not None
        assert ours.leader == played.top.bidder
        reasons[str(reason_of(played, ours, reserve_price))] += 1
    assert reasons["None"] >= len(auctions) - reasons[Reason.MALFORMED] - 2
    assert set(reasons) <= {"None", Reason.TOP_BID_AND_PRICE_DISAGREE, Reason.MALFORMED}
    assert sum(1 for played in auctions if inferred_reserve(played)) <= len(auctions) * 0.08
