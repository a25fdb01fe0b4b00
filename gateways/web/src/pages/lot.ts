import { openPage } from "../house/open";
import LotPage from "../lot/LotPage.vue";

void openPage(LotPage);
