// Texts that scripts add to the public pages, as [中文, English]; what the pages themselves say stands in gateways/portal.

import type { Phrases } from "../texts/language";

export const PORTAL_PHRASES = {
  chart_of_table: ["图表；数据见下表", "Chart of the table below"],
  turnover: ["成交额", "Turnover"],
  lots_sold: ["成交宗数", "Lots sold"],
} satisfies Phrases;
