import { openPortal } from "../portal/portal";

void openPortal();
