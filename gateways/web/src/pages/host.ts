import { HOST_PHRASES } from "../host/phrases";
import HostPage from "../host/HostPage.vue";
import { openPage } from "../house/open";
import { ROOM_PHRASES } from "../room/phrases";

void openPage(HostPage, { ...ROOM_PHRASES, ...HOST_PHRASES });
