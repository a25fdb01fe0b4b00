"""What people read when something is refused: for every code a sentence, and what to do next, in both languages.

Belongs here: words. Does not belong here: when a code is given, and the figures that go with it (the answer that
carries the code has them).
"""

from __future__ import annotations

from typing import Final

from gateways.finance_messages import FINANCE_MESSAGES
from gateways.identity_messages import IDENTITY_MESSAGES
from gateways.lot_messages import LOT_MESSAGES
from gateways.message import Message

__all__ = ["MESSAGES", "Message"]

_RULES: Final = {
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

_CONNECTION: Final = {
    "MALFORMED": Message(
        "无法识别发送的内容。",
        "What was sent could not be understood.",
        "请刷新页面；程序请对照接口说明检查格式。",
        "Reload the page; programs should check the format against the documentation.",
    ),
    "FRAME_TOO_LARGE": Message(
        "发送的单帧内容过大。",
        "The frame is too large.",
        "请减小单帧内容。",
        "Send smaller frames.",
    ),
    "RATE_LIMITED": Message(
        "操作过于频繁。",
        "Too many requests in a short time.",
        "请稍候再试。",
        "Wait a moment and try again.",
    ),
    "NOT_SIGNED_IN": Message(
        "您尚未登录，或登录已失效。",
        "You are not signed in, or no longer.",
        "请登录后再试。",
        "Sign in and try again.",
    ),
    "NOT_ALLOWED": Message(
        "您的账户没有此项权限。",
        "Your account is not allowed to do this.",
        "请换用有权限的账户，或与交易中心联系。",
        "Use an account with the role it needs, or speak to the trading centre.",
    ),
    "PASSWORD_CHANGE_REQUIRED": Message(
        "请先设置新密码：当前密码由他人代设。",
        "Choose a new password first: the present one was set by somebody else.",
        "请打开“我的账户”修改密码，然后继续。",
        "Open your account page, change the password, then go on.",
    ),
    "FOREIGN_ORIGIN": Message(
        "请求来自其他网站，已被拒绝。",
        "The request came from another web site.",
        "请在本交易所的页面上操作。",
        "Use the exchange's own pages.",
    ),
    "TOO_MANY_SUBSCRIPTIONS": Message(
        "同时关注的标的过多。",
        "This connection follows too many lots.",
        "请先取消关注部分标的。",
        "Stop following some lots first.",
    ),
    "TOO_MANY_CONNECTIONS": Message(
        "打开的连接过多。",
        "There are too many connections open.",
        "请关闭一些页面后再试。",
        "Close some pages and try again.",
    ),
    "BUSY": Message(
        "系统繁忙，未接受此次操作。",
        "The exchange is busy; this was not accepted, and nothing is recorded.",
        "请再试一次。",
        "Try again.",
    ),
    "OUTCOME_UNKNOWN": Message(
        "暂时无法确认此次操作是否已被记录。",
        "It is not known yet whether this is on record.",
        "请用同一编号再次询问，不会重复生效。",
        "Ask again with the same id; it cannot take effect twice.",
    ),
    "UNKNOWN_PROTOCOL": Message(
        "不支持所请求的通信协议。",
        "The protocol asked for is not spoken here.",
        "请使用接口说明中列出的协议。",
        "Use one of the protocols in the documentation.",
    ),
}

_API: Final = {
    "REHEARSAL_UNKNOWN": Message(
        "没有这场彩排，或者它已经结束。",
        "There is no such rehearsal, or it is over.",
        "彩排不留记录，最长两小时，十分钟无人观看即结束；请重新开始一场。",
        "Nothing of a rehearsal is kept, and it ends when nobody looks; begin another one.",
    ),
    "TOO_MANY_REHEARSALS": Message(
        "同时进行的彩排已达上限。",
        "As many rehearsals as can be held at once are under way.",
        "请先结束一场彩排，再开始新的。",
        "End one of them first.",
    ),
    "INCIDENT_NOT_NOW": Message(
        "此刻无法安排这一突发情况。",
        "This cannot be made to happen now.",
        "请在竞价进行中、且有机器人可以报价时再试。",
        "Try again while the bidding is open and a robot can bid.",
    ),
    "LOT_ARCHIVED": Message(
        "该标的早已结束，其记录已转存到归档文件。",
        "This lot ended long ago; its records lie in an archive file.",
        "结果仍可查看；如需完整记录，请联系交易中心调取归档。",
        "Its result can still be read; ask the centre for the archive if you need the whole record.",
    ),
    "WRONG_CREDENTIALS": Message(
        "账户或密码不正确。",
        "Login or password is wrong.",
        "请检查后重试；忘记密码请联系交易中心。",
        "Check both and try again; the trading centre can help with a lost password.",
    ),
    "DEMO_ONLY": Message(
        "演示银行只在演示交易所开放。",
        "The demo bank is open in a demo exchange only.",
        "请向所示账号缴纳保证金。",
        "Pay the deposit to the account that is shown.",
    ),
    "NOT_FOUND": Message(
        "没有此地址。",
        "There is nothing at this address.",
        "请核对地址，接口清单见 /api/v1/openapi.json。",
        "Check the address; /api/v1/openapi.json lists all there are.",
    ),
    "ACCOUNT_UNKNOWN": Message(
        "没有这个账户，或其不是竞买人。",
        "There is no such account, or it is no bidder's.",
        "请核对账户编号。",
        "Check the account's number.",
    ),
    "TOKEN_UNKNOWN": Message(
        "没有这个令牌，或已被撤销。",
        "There is no such token, or it has been revoked.",
        "请刷新令牌列表。",
        "Look at the list of tokens again.",
    ),
    "NOT_SIGNED_UP": Message(
        "您没有相应的报名。",
        "There is no such sign-up of yours.",
        "请先报名该标的。",
        "Sign up for the lot first.",
    ),
    "METHOD_NOT_ALLOWED": Message(
        "此地址不支持该请求方法。",
        "This address does not take that method.",
        "请使用 Allow 标头所列的方法。",
        "Use a method that the Allow header names.",
    ),
    "LOGIN_TAKEN": Message(
        "登录名已被使用，未创建任何账户。",
        "A login is in use already; no account was made.",
        "请为所列登录名另选名称。",
        "Choose other names for the logins listed.",
    ),
    "AGAINST_RULEBOOK": Message(
        "该标的不符合所选规则。",
        "The lot does not keep the rulebook that it names.",
        "请逐项按列出的条款修改后重新提交，或改用适用的规则。",
        "Change what each violation names, under the article it gives, or choose the rulebook that applies.",
    ),
    "RULEBOOK_UNKNOWN": Message(
        "没有这部规则。",
        "There is no such rulebook.",
        "请从规则列表中选择。",
        "Choose one from the list of rulebooks.",
    ),
    "LOT_NOT_PASSED": Message(
        "只有流拍的标的才能再次竞价。",
        "Only a lot that passed can be sold again.",
        "请核对标的编号，或等待该标的的结果入账。",
        "Check the lot's number, or wait until its outcome is entered.",
    ),
    "ALREADY_RELISTED": Message(
        "该标的已经再次竞价。",
        "This lot has been put up again already.",
        "请查看其后续标的；后续标的撤回后才可重新发布。",
        "See the lot that followed; only after that one is withdrawn can it be put up once more.",
    ),
    "CODE_TAKEN": Message(
        "标的编号已被使用。",
        "Another lot has this code.",
        "请另选编号，或不填，由系统编号。",
        "Choose another code, or leave it out and one is given.",
    ),
    "TOO_MANY_TOKENS": Message(
        "该账户的令牌数量已达上限。",
        "The account holds as many tokens as it may.",
        "请先撤销不再使用的令牌。",
        "Revoke tokens that are no longer used.",
    ),
    "SIGN_IN_UNKNOWN": Message(
        "没有这次登录，或已经结束。",
        "There is no such sign-in, or it has ended already.",
        "请刷新列表。",
        "Load the list again.",
    ),
    "OWN_ACCOUNT": Message(
        "不能对自己的账户这样做。",
        "Nobody may do this to his own account.",
        "请由另一位管理员办理；自己的密码请在“我的账户”修改。",
        "Ask another administrator; your own password is changed on your account page.",
    ),
    "LAST_ADMIN": Message(
        "这是最后一位有效的管理员。",
        "This is the last administrator who is let in.",
        "请先为另一个账户授予管理员角色。",
        "Give another account the role of administrator first.",
    ),
    "SAME_PASSWORD": Message(
        "新密码与当前密码相同。",
        "The new password is the present one.",
        "请另选一个密码。",
        "Choose another one.",
    ),
    "CHANGED_MEANWHILE": Message(
        "其他人已在此期间作了修改。",
        "Somebody else has changed this meanwhile.",
        "请重新载入，核对后再修改。",
        "Load it again, look at what changed, and make your change once more.",
    ),
    "DEPOSIT_DEADLINE_PASSED": Message(
        "该标的的保证金缴纳已经截止。",
        "The deadline for deposits of this lot has passed.",
        "此后到账的保证金不能参加竞买，不能再报名。",
        "A deposit paid now would come too late, so nobody can sign up any more.",
    ),
    "DEFAULTED_BEFORE": Message(
        "您（或联合竞买成员）曾竞得该标的而未履约，按本标的的交易规则不得参加重新拍卖"
        "（网络司法拍卖：法释〔2016〕18号第二十四条）。",
        "You, or a partner of yours, won this thing before and did not honour the bid. The rulebook of this lot keeps "
        "such a buyer from the sale anew (online judicial sales: Fa Shi [2016] No. 18, art. 24).",
        "您可以报名其他标的；如认为登记有误，请联系交易中心或处置法院。",
        "You may sign up for other lots. If the record is wrong, talk to the centre or to the court.",
    ),
    "BIDS_JOINTLY": Message(
        "该竞买人已作为联合竞买成员参与本标的。",
        "This bidder takes part in the lot jointly with others already.",
        "请由联合体牵头人办理，或先变更联合竞买登记。",
        "Let the lead bidder do it, or change who bids jointly first.",
    ),
    "COMMITMENT_DIFFERS": Message(
        "所确认的竞买承诺不是本标的的现行文本。",
        "The commitment that was agreed to is not this lot's text.",
        "请重新载入页面，阅读后再确认。",
        "Reload the page, read it and agree again.",
    ),
    "DEPOSIT_REQUIRED": Message(
        "该标的须缴纳保证金，不能直接入场。",
        "This lot asks for a deposit; nobody is admitted without one.",
        "请由竞买人报名并缴纳保证金。",
        "Let the bidder sign up and pay the deposit.",
    ),
    "DEPOSIT_COMPLETE": Message(
        "保证金已经缴足。",
        "The deposit has been paid in full.",
        "无需再次缴纳。",
        "There is nothing more to pay.",
    ),
    "TOO_LARGE": Message(
        "发送的内容过大。",
        "The request is too large.",
        "请分批发送。",
        "Send it in parts.",
    ),
    "UNSUPPORTED_TYPE": Message(
        "内容类型不受支持。",
        "The content type is not taken.",
        "请以 application/json 发送。",
        "Send application/json.",
    ),
    "INVALID": Message(
        "有内容填写不正确。",
        "Something in the request is not right.",
        "请按列出的各项修改后重新提交。",
        "Change the fields that are listed and send it again.",
    ),
    "STORE_UNAVAILABLE": Message(
        "数据库暂时无法访问。",
        "The database cannot be reached for the moment.",
        "请稍候再试；若刚提交过内容，请先查看是否已生效。",
        "Try again shortly; if you were changing something, look first whether it was done.",
    ),
    "INTERNAL": Message(
        "服务器发生了意外错误，已记录。",
        "Something unexpected went wrong; it has been logged.",
        "请再试；若重复出现，请将事件编号告知交易中心。",
        "Try again; if it happens again, tell the trading centre the incident's number.",
    ),
}

_RECEIPTS: Final = {
    "unknown_reference": Message(
        "没有与该子账号对应的保证金。",
        "No deposit has this reference.",
        "款项已记入待查；请核对子账号后由财务处理。",
        "The money is in suspense; check the reference and let finance assign it.",
    ),
    "payment_returned": Message(
        "这是本中心付出的款项被银行退回。",
        "This is a payment of the centre that came back.",
        "款项已记入待查；请财务将其记回原付款。",
        "The money is in suspense; finance joins it with the payout that it came from.",
    ),
    "ambiguous_reference": Message(
        "附言中有多个有效的子账号。",
        "The payment names more than one deposit.",
        "款项已记入待查，由财务核对后入账。",
        "The money is in suspense for finance to assign.",
    ),
    "wrong_currency": Message(
        "币种与标的不符。",
        "The currency is not the lot's.",
        "款项已记入待查，由财务处理。",
        "The money is in suspense for finance to deal with.",
    ),
    "lot_closed": Message(
        "款项到账时标的已经结束。",
        "The money came after the lot had ended.",
        "款项已记入待查，由财务退还。",
        "The money is in suspense; finance returns it.",
    ),
    "deadline_passed": Message(
        "款项到账时已过保证金缴纳截止时间。",
        "The money came after the deadline for the deposit.",
        "款项已记入待查，由财务退还。",
        "The money is in suspense; finance returns it.",
    ),
    "payer_mismatch": Message(
        "付款人与竞买人不一致。",
        "The payer is not the bidder.",
        "保证金须由竞买人本人账户缴纳；款项已记入待查。",
        "A deposit must come from the bidder's own account; the money is in suspense.",
    ),
    "receipt_id_missing": Message(
        "银行回单没有编号。",
        "The receipt has no id.",
        "请补上银行的回单编号。",
        "Add the bank's own id of the receipt.",
    ),
    "text_not_bookable": Message(
        "文字过长或含有控制字符。",
        "A text is too long or contains control characters.",
        "请更正后重新录入。",
        "Correct it and enter it again.",
    ),
    "amount_not_positive": Message(
        "金额须大于零。", "The amount must be above zero.", "请更正金额。", "Correct the amount."
    ),
    "amount_too_large": Message(
        "金额超出单笔上限。",
        "The amount is above what one payment may carry.",
        "请核对金额的位数。",
        "Check the amount's digits.",
    ),
    "currency_unknown": Message(
        "账簿不支持该币种。", "The ledger does not book this currency.", "请核对币种。", "Check the currency."
    ),
    "received_at_out_of_range": Message(
        "到账时间不在可记账的范围内。",
        "The time of receipt lies outside what can be booked.",
        "请核对到账时间。",
        "Check the time of receipt.",
    ),
    "exists_with_different_reference": Message(
        "同一编号的回单已入账，但子账号不同。",
        "A receipt of this id is booked with another reference.",
        "请与银行核对回单。",
        "Check the receipt with the bank.",
    ),
    "exists_with_different_amount": Message(
        "同一编号的回单已入账，但金额不同。",
        "A receipt of this id is booked with another amount.",
        "请与银行核对回单。",
        "Check the receipt with the bank.",
    ),
    "exists_with_different_currency": Message(
        "同一编号的回单已入账，但币种不同。",
        "A receipt of this id is booked with another currency.",
        "请与银行核对回单。",
        "Check the receipt with the bank.",
    ),
    "exists_with_different_payer_name": Message(
        "同一编号的回单已入账，但付款人不同。",
        "A receipt of this id is booked with another payer.",
        "请与银行核对回单。",
        "Check the receipt with the bank.",
    ),
    "exists_with_different_received_at": Message(
        "同一编号的回单已入账，但到账时间不同。",
        "A receipt of this id is booked with another time.",
        "请与银行核对回单。",
        "Check the receipt with the bank.",
    ),
}

MESSAGES: Final[dict[str, Message]] = (
    _RULES | _CONNECTION | _API | _RECEIPTS | FINANCE_MESSAGES | LOT_MESSAGES | IDENTITY_MESSAGES
)
