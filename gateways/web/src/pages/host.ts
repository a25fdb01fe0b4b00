import { HOST_PHRASES } from "../host/phrases";
import HostPage from "../host/HostPage.vue";
import { openPage } from "../house/open";

void openPage(HostPage, HOST_PHRASES);
