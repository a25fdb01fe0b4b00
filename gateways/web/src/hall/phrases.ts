// What the hall screen says besides what every page says, as [中文, English].

import type { Phrases } from "../texts/language";

export const HALL_PHRASES = {
  hall_wall: ["多标的墙", "Wall of lots"],
  hall_single: ["单标的", "One lot large"],
} satisfies Phrases;
