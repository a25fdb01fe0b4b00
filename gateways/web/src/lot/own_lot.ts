// The lot that this page is about, asked for before the page is drawn, and the notice that the server has written into
// the document: so nothing that is there to read goes away while the bidding room opens.

import { get } from "../house/api";
import type { LotDetail } from "../schema";
import type { Language } from "../texts/language";

export const lotId = Number(location.pathname.split("/").at(-1));

/** Ask for the lot as it is now. Raises ApiError. */
export const askForLot = (): Promise<LotDetail> => get<LotDetail>(`/lots/${lotId}`);

/** The lot as it was when the page was opened. */
export const foundLot = askForLot();
foundLot.catch(() => {}); // told by the page, which asks for it too

const written = document.getElementById("notice");
const writtenIn: Language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

/** The notice as it stands in the document, parts that the reader has opened open; empty if it is in another language. */
export function writtenNotice(language: Language): string {
  return written && writtenIn === language ? written.innerHTML : "";
}
