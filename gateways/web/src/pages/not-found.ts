import { openPage } from "../house/open";
import NotFoundPage from "../house/NotFoundPage.vue";

void openPage(NotFoundPage);
