import { openPage } from "../house/open";
import MyLotsPage from "../account/MyLotsPage.vue";

void openPage(MyLotsPage);
