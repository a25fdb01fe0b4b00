// Texts that scripts add to the public pages, as [中文, English]; what the pages themselves say stands in gateways/portal.

import type { Phrases } from "../texts/language";

export const PORTAL_PHRASES = {
  chart_of_table: ["图表；数据见下表", "Chart of the table below"],
  standing_still: ["实时连接已中断，正在恢复；恢复之前价格和状态可能不是最新的。", "The live connection is lost and comes back by itself; until then prices and states may be out of date."],
  turnover: ["成交额", "Turnover"],
  lots_sold: ["成交宗数", "Lots sold"],
} satisfies Phrases;
