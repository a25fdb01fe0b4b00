import { openPage } from "../house/open";
import HostPage from "../host/HostPage.vue";

void openPage(HostPage);
