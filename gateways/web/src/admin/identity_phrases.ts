// What the office says of bidders' identities, as [中文, English].

import { IDENTITY_PHRASES } from "../identity/phrases";
import type { Phrases } from "../texts/language";

export const IDENTITY_OFFICE_PHRASES: Phrases = {
  ...IDENTITY_PHRASES,
  place_identities: ["竞买人身份", "Identities"],
  identities_hint: ["竞买人自行填报，请与证件核对后确认；退回须写明原因，竞买人可见。", "Bidders declare them; compare with the document and confirm. What is returned takes a reason, which the bidder reads."],
  identities_found: ["共 {n} 份", "{n} found"],
  identities_waiting: ["{n} 份待核验", "{n} to be checked"],
  identities_none_wait: ["没有待核验的身份。", "Nothing waits to be checked."],
  identities_empty: ["没有符合条件的身份填报。", "No declaration is like that."],
  any_standing_of: ["全部状态", "Any state"],
  identity_when: ["填报时间", "Declared"],
  identity_contested: ["号码重复", "number known already"],
  identity_contested_why: ["另一个账户已使用同一证件号码，本人目前不能报名。查看完整号码可知是哪个账户；不要把这一点告诉不相干的人。", "Another account stands for the same number, so this one cannot sign up. The whole number shows which; tell nobody else of it."],
  identity_held_by: ["同一号码的账户", "Account of the same number"],
  identity_not_declared: ["该账户尚未填报身份。", "This account has declared nothing."],
  confirm_identity: ["核验通过", "Confirm"],
  return_identity: ["退回", "Return"],
  return_ask: ["退回 {name} 的身份填报？", "Return what {name} declared?"],
  return_read: ["在其重新填报之前不能报名新的标的。", "No new sign-ups until it is declared anew."],
  return_reason: ["退回原因（竞买人可见）", "Why (the bidder reads it)"],
  disclose: ["查看完整号码和电话", "Show number and telephone"],
  disclose_ask: ["查看完整号码和电话？", "Show number and telephone in full?"],
  disclose_kept: ["谁在何时因何查看，将记入操作审计。", "Who looks, when and why goes into the record of acts."],
  to_account_file: ["账户与角色", "The account"],
  about_identity: ["身份填报", "declaration"],
  about_is_confirmed: ["核验通过", "confirmed"],
  op_declare_identity: ["代填竞买人身份", "Declare who a bidder is"],
  op_declare_own_identity: ["填报身份", "Declare who one is"],
  op_review_identity: ["核验或退回身份", "Confirm or return an identity"],
  op_disclose_identity: ["查看完整证件号码", "Show a number in full"],
  op_register: ["自助注册", "Register"],
};
