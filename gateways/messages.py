"""What people read when something is refused: for every code a sentence, and what to do next, in both languages.

Belongs here: words about the connection and the HTTP API, and the table of all there are. Does not belong here: the
words of the other `*_messages` modules; when a code is given, and the figures that go with it (the answer that carries
the code has them).
"""

from __future__ import annotations

from typing import Final

from gateways.bank_messages import BANK_MESSAGES
from gateways.finance_messages import FINANCE_MESSAGES
from gateways.identity_messages import IDENTITY_MESSAGES
from gateways.lot_messages import LOT_MESSAGES
from gateways.message import Message
from gateways.rule_messages import RULE_MESSAGES

__all__ = ["MESSAGES", "Message"]

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

MESSAGES: Final[dict[str, Message]] = (
    RULE_MESSAGES | _CONNECTION | _API | BANK_MESSAGES | FINANCE_MESSAGES | LOT_MESSAGES | IDENTITY_MESSAGES
)
