import { HOST_PHRASES } from "../host/phrases";
import { openPage } from "../house/open";
import { REHEARSAL_PHRASES } from "../rehearsal/phrases";
import RehearsalPage from "../rehearsal/RehearsalPage.vue";
import { ROOM_PHRASES } from "../room/phrases";

void openPage(RehearsalPage, { ...HOST_PHRASES, ...ROOM_PHRASES, ...REHEARSAL_PHRASES });
