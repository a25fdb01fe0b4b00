"""What a bidder or a host reads when the rules of a lot refuse a command: a sentence for each code, in both languages.

Belongs here: words for the refusals of `matching`. Does not belong here: when they are given, and the order in which
they are looked for (`matching.refusals`).
"""

from __future__ import annotations

from typing import Final

from gateways.message import Message

RULE_MESSAGES: Final = {
    "LOT_UNKNOWN": Message(
        "没有这个标的。",
        "There is no such lot.",
        "请核对标的编号，或从标的目录重新进入。",
        "Check the lot's number, or start again from the catalogue.",
    ),
    "LOT_ALREADY_ANNOUNCED": Message(
        "该标的已经发布。",
        "This lot has been published already.",
        "无需再次发布，请直接查看该标的。",
        "There is nothing more to do; open the lot.",
    ),
    "TERMS_INVALID": Message(
        "竞价条件有矛盾或超出允许范围。",
        "The terms contradict each other or lie outside what is allowed.",
        "请按列出的问题修改后重新提交。",
        "Change what the list of problems names and send it again.",
    ),
    "LOT_CLOSED": Message(
        "该标的已经结束。",
        "This lot has ended.",
        "报价未被接受；请查看结果，保证金将按规定退还。",
        "Nothing was accepted. See the result; a deposit is returned as the rules say.",
    ),
    "LOT_NOT_OPEN_YET": Message(
        "竞价尚未开始。",
        "Bidding has not begun.",
        "请在开始时间之后再报价。",
        "Bid once the opening time has come.",
    ),
    "LOT_FROZEN": Message(
        "该标的已暂停，暂不接受报价。",
        "This lot is paused and takes no bids for now.",
        "请留意暂停原因和恢复时间，恢复后可继续报价。",
        "Read the published reason; bidding goes on when the lot resumes.",
    ),
    "LOT_ALREADY_OPEN": Message(
        "该标的已经开始竞价。",
        "This lot is open already.",
        "无需再次开始。",
        "There is nothing more to do.",
    ),
    "LOT_NOT_FROZEN": Message(
        "该标的并未暂停。",
        "This lot is not paused.",
        "只有已暂停的标的才能恢复。",
        "Only a lot that was paused can resume.",
    ),
    "NOT_ADMITTED": Message(
        "您尚未取得该标的的竞买资格。",
        "You have not been admitted to this lot.",
        "请先报名并缴足保证金，取得竞买号后再报价。",
        "Sign up and pay the deposit; you can bid once you have a paddle.",
    ),
    "ALREADY_ADMITTED": Message(
        "该竞买人已取得竞买号。",
        "This bidder has a paddle already.",
        "无需再次办理，可以直接报价。",
        "There is nothing more to do; bidding is possible.",
    ),
    "TOO_MANY_BIDDERS": Message(
        "该标的的竞买人数已达上限。",
        "This lot has as many bidders as it can take.",
        "请与交易中心联系。",
        "Speak to the trading centre.",
    ),
    "AMOUNT_OUT_OF_RANGE": Message(
        "报价金额不在可以报出的范围内。",
        "The amount lies outside what anyone may bid.",
        "请检查金额是否多写或少写了位数。",
        "Check the amount for digits too many or too few.",
    ),
    "MAX_BIDS_NOT_ALLOWED": Message(
        "该标的不接受代理报价。",
        "This lot takes no max bids.",
        "请逐次报出确切金额。",
        "Bid exact amounts instead.",
    ),
    "LEADER_MAY_NOT_RAISE": Message(
        "当前最高价是您报出的，不能自行加价。",
        "You lead already and may not raise your own bid.",
        "请等其他竞买人报价后再加价。",
        "Wait until somebody else leads.",
    ),
    "MAX_BID_NOT_RAISED": Message(
        "新的代理报价须高于您原来的代理报价。",
        "A new max bid must be higher than the one you left.",
        "请填写更高的上限，或保留原来的。",
        "Name a higher limit, or keep the old one.",
    ),
    "BELOW_ASKING_PRICE": Message(
        "报价低于最低有效报价。",
        "The bid lies below the asking price.",
        "请不低于所示最低有效报价重新报价。",
        "Bid at least the asking price that is shown.",
    ),
    "NOT_ON_STEP": Message(
        "报价须为当前价加上加价幅度的整数倍。",
        "The bid must be the leading price plus a whole number of steps.",
        "请按所示加价幅度调整金额。",
        "Adjust the amount to the step that is shown.",
    ),
    "ABOVE_LARGEST_RAISE": Message(
        "一次加价过大，可能是输入有误。",
        "The raise is larger than one bid may make; it may be a slip of the finger.",
        "请核对金额，不要超过所示最高可报金额。",
        "Check the amount; at most the largest amount shown can be bid.",
    ),
    "REASON_MISSING": Message(
        "必须写明原因，原因将予公布。",
        "A reason is needed; it will be published.",
        "请填写原因后再次操作。",
        "Write the reason and do it again.",
    ),
    "HAMMER_BELONGS_TO_CLOCK": Message(
        "该标的到时自动落槌，主持人不能落槌。",
        "This lot ends by the clock; the host has no hammer.",
        "请等待倒计时结束。",
        "Wait until the countdown ends.",
    ),
    "FAIR_WARNINGS_MISSING": Message(
        "最近一次报价之后，提示次数还不够，不能落槌。",
        "Too few fair warnings have been given since the last bid.",
        "请先补足所示的提示次数。",
        "Give the fair warnings that are still missing first.",
    ),
    "ANNOUNCEMENT_INVALID": Message(
        "公告内容须为 1 至 500 字。",
        "An announcement has 1 to 500 characters.",
        "请填写或缩短公告后再次发布。",
        "Write it, or make it shorter, and announce it again.",
    ),
    "DEADLINE_NOT_DUE": Message(
        "该时点尚未到来或已经改变。",
        "That moment has not come, or has been moved.",
        "请以页面显示的时间为准。",
        "Go by the time that is shown.",
    ),
    "COMMAND_ID_REUSED": Message(
        "该操作编号已用于另一操作。",
        "This command id was used for something else.",
        "请为新的操作生成新的编号。",
        "Make a new id for a new command.",
    ),
    "DONE_ALREADY": Message(
        "这项操作先前已经完成，其中的密码或令牌只显示一次。",
        "This was done already; what it answered with could be read only once.",
        "请刷新页面查看结果；如未记下密码或令牌，请重新生成。",
        "Reload to see what was made; if the password or token was not written down, make a new one.",
    ),
    "LOT_NOT_KNOCKED_DOWN": Message(
        "该标的没有待确认的成交结果。",
        "No sale of this lot waits to be confirmed.",
        "请先查看标的状态。",
        "Look at the lot's state first.",
    ),
    "RESUMPTION_UNDER_NOTICE": Message(
        "恢复竞价的公告期未满。",
        "Notice of resuming has been given and has not run out.",
        "无需操作，公告期满后自动恢复。",
        "There is nothing to do; the lot resumes by itself at the time shown.",
    ),
    "MEANT_FOR_ANOTHER_PHASE": Message(
        "该标的现处于另一竞价阶段，您的操作针对的不是这一阶段，因此未予受理，未产生任何效力。",
        "The lot is in another phase than the one this was meant for, so it was not taken and has no effect.",
        "请看清当前阶段竞的是什么，再重新提交；程序请在 phase 字段中注明当前阶段（见标的状态的 phase）。",
        "See what is bid now, then give it anew; a program says in `phase` which one it means, as in the lot's state.",
    ),
    "LEAD_BIDDER_BIDS": Message(
        "联合竞买只能由牵头人报价。",
        "In a joint bid only the lead bidder may act.",
        "请由联合体牵头人操作。",
        "Let the lead bidder do it.",
    ),
    "SHARES_INVALID": Message(
        "联合竞买各方的份额有误。",
        "The shares of the joint bidders do not add up.",
        "各方份额须大于零，且合计小于百分之百，余下为牵头人份额。",
        "Give each partner more than nothing and leave a share for the lead bidder.",
    ),
    "NOT_ELIGIBLE": Message(
        "您没有参加本阶段的资格。",
        "You are not among those who may take part in this phase.",
        "请查看本阶段的参与条件。",
        "See who may take part under the rules shown with the lot.",
    ),
    "NOT_YOUR_TURN": Message(
        "现在没有轮到您。",
        "It is not your turn.",
        "请等待轮到您的时段。",
        "Wait for your turn; its time is shown.",
    ),
    "ALREADY_DECLARED": Message(
        "您已经作出答复，不能更改。",
        "You have answered already, and the answer binds.",
        "无需再次答复。",
        "There is nothing more to answer.",
    ),
    "NOT_THE_NAMED_PERSON": Message(
        "只有公告中指定的人员可以操作。",
        "Only the person named in the terms may do this.",
        "请由指定人员登录后操作。",
        "Let the named person sign in and do it.",
    ),
    "NOT_TAKEN_NOW": Message(
        "当前阶段不接受此项操作。",
        "This phase does not take that, or not at this moment.",
        "请按页面显示的当前可用操作进行。",
        "Do what the lot shows as possible now.",
    ),
    "ABOVE_ASKING_PRICE": Message(
        "报价高于最高有效报价。",
        "Prices fall in this lot, and the bid lies above what is asked.",
        "请按不高于所示金额重新报价。",
        "Bid at most the amount that is shown.",
    ),
    "PRICE_CAP_REACHED": Message(
        "已达最高限价，不再接受报价。",
        "The price has reached its cap; no more price bids are taken.",
        "请留意下一阶段的竞价方式。",
        "Watch how the lot goes on in its next phase.",
    ),
    "ABOVE_CAP": Message(
        "报价超过上限。",
        "The bid lies beyond the cap.",
        "请按不超过所示上限报价。",
        "Bid at most the largest amount shown.",
    ),
    "AMOUNT_TAKEN": Message(
        "已有其他竞买人报出相同金额。",
        "Somebody else has offered exactly this amount.",
        "请更改金额后重新提交。",
        "Choose another amount and send it again.",
    ),
    "ALREADY_OFFERED": Message(
        "您已经报价，每人只能报价一次。",
        "You have made your one offer.",
        "无需再次报价，请等待揭示结果。",
        "There is nothing more to do until the offers are revealed.",
    ),
    "NO_OFFER": Message(
        "您没有可以撤回的报价。",
        "There is no offer of yours to take back.",
        "请先提交报价。",
        "Make an offer first.",
    ),
    "OFFER_BINDS": Message(
        "报价提交后不得更改或撤回。",
        "An offer binds here; it cannot be changed or taken back.",
        "请以已提交的报价为准。",
        "The offer that you made stands.",
    ),
    "LINES_INVALID": Message(
        "报价明细不符合本标的的要求。",
        "The lines of the offer are not as this lot's terms want them.",
        "请按说明检查单价、数量和行数。",
        "Check prices, quantities and the number of lines against the detail.",
    ),
    "QUANTITY_OUT_OF_RANGE": Message(
        "数量不在允许的范围内。",
        "The quantity lies outside what the terms allow.",
        "请按说明调整数量。",
        "Adjust the quantity as the detail says.",
    ),
    "ABOVE_OWN_SHARE": Message(
        "申报数量超过单个竞买人的上限。",
        "This is more than one bidder may ask for.",
        "请减少申报数量。",
        "Ask for at most the largest quantity shown.",
    ),
    "REVISIONS_USED_UP": Message(
        "修改次数已经用完。",
        "You have used up your revisions.",
        "以最后一次有效报价为准。",
        "Your last offer stands.",
    ),
    "ORDER_UNKNOWN": Message(
        "您没有这笔未成交的委托。",
        "There is no such open order of yours.",
        "该委托可能已成交、撤销或失效。",
        "It may have been filled, cancelled or lapsed; look at your orders.",
    ),
    "OUTSIDE_PRICE_BAND": Message(
        "委托价格超出允许的幅度，或不符合最小变动单位。",
        "The price lies outside the band, or between two ticks.",
        "请按所示的幅度和单位调整价格。",
        "Adjust the price to the band and the tick that are shown.",
    ),
    "CANNOT_BE_FILLED": Message(
        "对手方数量不足，委托未被接受。",
        "There is not enough on the other side to fill this order.",
        "请改用限价委托，或减少数量。",
        "Use a limit order, or ask for less.",
    ),
    "WOULD_TRADE_WITH_HIMSELF": Message(
        "该委托会与您自己的委托成交。",
        "The order would trade with one of your own.",
        "请先撤销您自己的对手委托。",
        "Cancel your own order on the other side first.",
    ),
    "ITEM_UNKNOWN": Message(
        "没有这个子标的，或已停止出售。",
        "There is no such item in this lot, or it is no longer for sale.",
        "请核对子标的编号。",
        "Check the item's number.",
    ),
    "NOT_ENOUGH_ELIGIBILITY": Message(
        "您的资格点数不足以参与这些子标的的竞价。",
        "You do not have the points for all of these items.",
        "请减少子标的，或查看剩余点数。",
        "Bid on fewer items; your points are shown.",
    ),
    "NO_WAIVER_LEFT": Message(
        "豁免次数已经用完。",
        "You have no waiver left.",
        "请在本轮报价，否则将失去相应资格。",
        "Bid in this round, or lose the points you do not use.",
    ),
    "RESERVE_ALREADY_SET": Message(
        "保留价已经录入，不得更改。",
        "The reserve has been entered and cannot be changed.",
        "无需再次录入。",
        "There is nothing more to do.",
    ),
    "RESERVE_NOT_NOW": Message(
        "现在不是录入保留价的时段。",
        "A reserve cannot be entered at this moment.",
        "请在公告规定的时段内录入。",
        "Enter it in the time that the terms name.",
    ),
    "RESERVE_OUT_OF_RANGE": Message(
        "保留价不得低于起始价（降价竞价时不得高于起始价）。",
        "The reserve lies on the wrong side of the opening price.",
        "请核对保留价。",
        "Check the reserve against the opening price.",
    ),
    "OPENING_INVALID": Message(
        "开启内容与已收到的密封报价不符。",
        "The openings do not fit the sealed offers that were left.",
        "请为每一份密封报价提供一项开启结果。",
        "Give one opening for each sealed offer, and no other.",
    ),
    "SCORES_INVALID": Message(
        "评分内容不符合要求。",
        "The scores do not fit the bidders or the range.",
        "请为每位竞买人填写一项评分，且在满分之内。",
        "Give every bidder one score within the full marks.",
    ),
    "SEED_INVALID": Message(
        "随机种子与先前的承诺不符，或现在不需要。",
        "The seed does not fit the commitment, or none is due now.",
        "请提交与承诺一致的种子。",
        "Reveal the very seed that you committed to, in its time.",
    ),
    "BEACON_INVALID": Message(
        "不是事先指定的随机信标轮次，或内容无效。",
        "This is not the output of the beacon round named beforehand.",
        "请录入公告指定轮次的公开值。",
        "Enter the public value of the round that the terms name.",
    ),
}
