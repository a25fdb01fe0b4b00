import { openPage } from "../house/open";
import { ROOM_PHRASES } from "../room/phrases";
import { SIGN_UP_PHRASES } from "../signup/phrases";
import LotPage from "../lot/LotPage.vue";
import { foundLot } from "../lot/own_lot";

void openPage(LotPage, { ...ROOM_PHRASES, ...SIGN_UP_PHRASES }, foundLot);
