import { openPage } from "../house/open";
import { ROOM_PHRASES } from "../room/phrases";
import RoomPage from "../room/RoomPage.vue";

void openPage(RoomPage, ROOM_PHRASES);
