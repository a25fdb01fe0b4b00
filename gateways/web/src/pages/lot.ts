import { openPage } from "../house/open";
import LotPage from "../lot/LotPage.vue";
import { foundLot } from "../lot/own_lot";

void openPage(LotPage, {}, foundLot);
