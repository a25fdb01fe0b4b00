"""What people read when it is about who a bidder is: declaring it, registering, the centre's review."""

from __future__ import annotations

from typing import Final

from gateways.message import Message

IDENTITY_MESSAGES: Final = {
    "IDENTITY_NEEDED": Message(
        "报名前须先填报竞买人身份。",
        "You have not said yet who the bidder is.",
        "请填报身份信息后继续报名；也可在“我的账户”中填报。",
        "Fill in the identity and go on signing up; it can be done on your account page too.",
    ),
    "IDENTITY_RETURNED": Message(
        "您填报的身份信息已被交易中心退回。",
        "The centre has returned what you declared of yourself.",
        "请查看退回原因，更正后重新填报。",
        "Read the reason, put it right and declare it again.",
    ),
    "IDENTITY_UNDER_REVIEW": Message(
        "您的身份信息须由交易中心先行核对。",
        "The centre has to look at your identity first.",
        "请联系交易中心并备好证件；如您已有其他账户，请使用该账户。",
        "Speak to the trading centre and have your document at hand; if you have another account, use that one.",
    ),
    "IDENTITY_NOT_CONFIRMED": Message(
        "您的身份信息尚未经交易中心核验。",
        "The centre has not confirmed your identity yet.",
        "核验通过后即可报名；如临近截止，请致电交易中心。",
        "You can sign up once it has; call the centre when a deadline is near.",
    ),
    "NAME_WRONG": Message(
        "请填写完整的姓名或单位名称。",
        "The name is missing, or holds what no name can.",
        "请按证件和银行账户户名填写，最多 100 个字符。",
        "Write it as in the document and as your bank has it, in at most 100 characters.",
    ),
    "DOCUMENT_NOT_OF_KIND": Message(
        "证件种类与竞买人类型不符。",
        "This kind of bidder has no such document.",
        "个人请选择个人证件；单位请选择统一社会信用代码或其他登记证。",
        "For a person choose a personal document, for an organisation its credit code or registration.",
    ),
    "RESIDENT_ID_WRONG": Message(
        "居民身份证号码有误。",
        "This is no resident identity number.",
        "请核对 18 位号码，末位可能是 X。",
        "Check the eighteen characters; the last one may be an X.",
    ),
    "CREDIT_CODE_WRONG": Message(
        "统一社会信用代码有误。",
        "This is no unified social credit code.",
        "请按营业执照或登记证书核对 18 位代码，其中没有字母 I、O、S、V、Z。",
        "Check the eighteen characters against the licence; there is no I, O, S, V or Z in them.",
    ),
    "DOCUMENT_NUMBER_WRONG": Message(
        "证件号码与所选证件不符。",
        "The number is not one of the chosen document.",
        "请核对号码和证件种类；没有合适种类的，请选“其他证件”。",
        "Check the number and the kind of document; choose “other document” where none fits.",
    ),
    "REPRESENTATIVE_MISSING": Message(
        "请填写法定代表人或负责人姓名。",
        "The legal representative is missing.",
        "请按登记证书填写。",
        "Write the name as in the registration.",
    ),
    "AGENT_MISSING": Message(
        "请填写经办人姓名。",
        "The person who acts for the organisation is missing.",
        "请填写操作本账户的人；可以就是法定代表人。",
        "Name whoever uses this account; it may be the legal representative.",
    ),
    "TELEPHONE_WRONG": Message(
        "联系电话有误。",
        "This is no telephone number.",
        "请填写 5 至 18 位数字，境外号码以 + 和国家代码开头。",
        "Give 5 to 18 digits, with + and the country's code from abroad.",
    ),
    "REGION_UNKNOWN": Message(
        "没有这个地区代码。",
        "There is no such region.",
        "请从列表中选择，或留空。",
        "Choose one of the list, or none.",
    ),
    "TOO_MANY_DECLARATIONS": Message(
        "今天填报身份信息的次数过多。",
        "You have declared your identity too often today.",
        "请明天再试，或联系交易中心办理。",
        "Try again tomorrow, or let the trading centre do it.",
    ),
    "IDENTITY_UNKNOWN": Message(
        "没有这份身份填报。",
        "There is no such declaration of identity.",
        "请从名单中重新选择。",
        "Choose it again from the list.",
    ),
    "IDENTITY_REPLACED": Message(
        "该竞买人已重新填报身份。",
        "The bidder has declared something else meanwhile.",
        "请重新载入，并查看最新的填报。",
        "Load the list again and look at the latest declaration.",
    ),
    "OWN_IDENTITY": Message(
        "不能核验自己的身份。",
        "Nobody confirms his own identity.",
        "请由另一位管理员核验。",
        "Let another administrator look at it.",
    ),
    "IDENTITY_HELD": Message(
        "另一个账户已使用同一证件号码。",
        "Another account stands for the same number.",
        "请查看完整号码所示的账户；先退回或停用不应保留的一个。",
        "Show the whole number to see which one; return the declaration that should not stand first.",
    ),
    "REGISTRATION_CLOSED": Message(
        "本中心未开放自助注册。",
        "This centre does not let people register by themselves.",
        "请联系交易中心开立账户。",
        "Speak to the trading centre; it makes the account for you.",
    ),
    "TERMS_DIFFER": Message(
        "用户协议已更新。",
        "The terms of use have changed meanwhile.",
        "请重新载入页面，阅读后再确认。",
        "Load the page again, read them and agree anew.",
    ),
}  # fmt: skip
