import { openPage } from "../house/open";
import CataloguePage from "../catalogue/CataloguePage.vue";

void openPage(CataloguePage);
