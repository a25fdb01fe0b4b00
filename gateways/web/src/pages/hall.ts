import HallPage from "../hall/HallPage.vue";
import { HALL_PHRASES } from "../hall/phrases";
import { openPage } from "../house/open";

void openPage(HallPage, HALL_PHRASES);
