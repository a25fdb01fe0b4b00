import HallPage from "../hall/HallPage.vue";
import { openPage } from "../house/open";

void openPage(HallPage);
