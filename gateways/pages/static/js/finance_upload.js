// A place to drop a file on, or to choose one: sends it with progress and hands the answer on.

import { ApiError, upload } from "./api.js";
import { byId, setText } from "./elements.js";
import { say } from "./language.js";

/**
 * Make the drop zone `#<id>` with its input, progress and status work.
 *
 * `path` returns the address for a file, `answered` gets the answer, `failed` the error.
 */
export function beginUpload(id, { path, answered, failed }) {
  const zone = byId(id);
  const input = zone.querySelector("input[type=file]");
  const progress = byId(`${id}-progress`);
  zone.addEventListener("dragover", (dragged) => {
    dragged.preventDefault();
    zone.classList.add("drop-over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("drop-over"));
  zone.addEventListener("drop", (dropped) => {
    dropped.preventDefault();
    zone.classList.remove("drop-over");
    send([...dropped.dataTransfer.files]);
  });
  input.addEventListener("change", async () => {
    await send([...input.files]);
    input.value = "";
  });

  /** Send files one after the other, so that each has its own answer. */
  async function send(files) {
    input.disabled = true;
    for (const file of files) await sendOne(file);
    input.disabled = false;
    progress.hidden = true;
  }

  async function sendOne(file) {
    progress.hidden = false;
    try {
      answered(await upload(path(), file, show));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failed(error);
    }
  }

  function show(share) {
    progress.querySelector("progress").value = share;
    setText(progress.querySelector("span"), share < 1 ? say("sending", { n: Math.floor(share * 100) }) : say("reading"));
  }
}
