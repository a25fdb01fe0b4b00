"""Papers of the demo's lots: rules for bidders as a PDF, and a list of what is handed over as a text.

The PDF names a font that viewers have for Chinese instead of carrying one; so it stays at a few kilobytes.

Belongs here: their words, and writing a PDF of plain pages. Does not belong here: the terms of a lot.
"""

from __future__ import annotations

from typing import Final

from exchange.categories import Category

RULES: Final = """\
竞买须知（演示文件）
Rules for bidders (demonstration)

本文件为演示，内容虚构，不构成任何要约。
This paper is a demonstration. Everything in it is invented; it is no offer.

一、报名：登录后在标的页面报名，系统给出唯一的缴款附言（保证金编号）。
1. Sign up on the lot's page; you are given a deposit reference of your own.

二、保证金：在截止时间前足额到账，系统自动确认资格并分配竞买号。
2. Pay the deposit in full before its deadline; you are then admitted and given a paddle.

三、报价：报价不得低于最低有效报价，一经提交不得撤回，以系统记录为准。
3. A bid is at least the asking price, cannot be withdrawn, and stands as recorded.

四、延时：临近结束有新报价的，结束时间按公告的延时周期顺延。
4. A late bid moves the end by the extension that the notice names.

五、成交：价高者得且不低于保留价；主持人或系统落槌后签署成交确认书。
5. The highest bid has the lot if it reaches the reserve; the sale is then confirmed.

六、退款：未竞得者的保证金按规定期限原路退还。
6. Deposits of those who did not buy are returned within the legal time.

七、悔拍：竞得人拒绝签约的，保证金按规则处置，差额由其承担。
7. Who does not honour his bid loses the deposit as the rules say.
"""

HANDED_OVER: Final = {
    Category.LAND: "宗地图、勘测定界图、规划条件、移交确认书 / parcel plan, survey, planning conditions, hand-over",
    Category.MINING: "储量核实报告、矿区范围拐点坐标、开采方案 / reserve report, corner coordinates, mining plan",
    Category.FOREST: "林权证、小班因子表、采伐限额说明 / forest title, stand table, felling quota",
    Category.RURAL: "承包合同、四至图、村民代表会议决议 / lease, boundary plan, resolution of the village",
    Category.EQUITY: "审计报告、资产评估报告、公司章程 / audit, valuation, articles",
    Category.VEHICLE: "登记证书、行驶证、车辆检测报告、钥匙 / registration, licence, inspection report, keys",
    Category.CONFISCATED: "罚没决定书、清点清单、照片 / confiscation order, inventory, photos",
    Category.EMISSION: "指标登记证明、核定文件 / certificate of the quota, assessment",
    Category.PROPERTY: "不动产权证、平面图、租赁情况说明 / title, floor plan, leases",
    Category.OTHER: "标的明细、合同范本 / particulars, model contract",
}

LINE_POINTS: Final = 22
TOP_POINTS: Final = 780


def rules_pdf() -> bytes:
    """Return the rules for bidders as a PDF of one page."""
    shown = [f"<{line.encode('utf-16-be').hex()}> Tj T*" for line in RULES.splitlines()]
    text = "\n".join(["BT", "/F1 11 Tf", f"{LINE_POINTS} TL", f"56 {TOP_POINTS} Td", *shown, "ET"])
    return _pdf(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            "/Resources << /Font << /F1 5 0 R >> >> >>",
            f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
            "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H "
            "/DescendantFonts [6 0 R] >>",
            "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /W [1 95 500] "
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /FontDescriptor 7 0 R >>",
            "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] "
            "/ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>",
        ]
    )


def hand_over_list(category: Category) -> bytes:
    """Return what is handed over with a lot of a category, as a text."""
    chinese, _, english = HANDED_OVER[category].partition(" / ")
    lines = [
        "标的资料清单（演示文件，内容虚构）",
        "Papers that come with the lot (demonstration, invented)",
        "",
        f"移交资料：{chinese}",
        f"Handed over: {english}",
        "",
        "现状移交，竞买人应自行踏勘。",
        "Sold as it stands; bidders inspect it themselves.",
    ]
    return ("\n".join(lines) + "\n").encode()


def _pdf(objects: list[str]) -> bytes:
    """Return a PDF of objects that are numbered from 1, the first of which is its catalogue."""
    written = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n{content}\nendobj\n".encode("ascii")
    begins = len(written)
    entries = "".join(f"{place:010d} 00000 n \n" for place in places)
    count = len(objects) + 1
    written += f"xref\n0 {count}\n0000000000 65535 f \n{entries}".encode("ascii")
    written += f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{begins}\n%%EOF\n".encode("ascii")
    return bytes(written)
