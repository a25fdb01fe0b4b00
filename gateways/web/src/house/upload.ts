// Sending a file with progress, which fetch cannot tell.

import type { FieldProblem } from "../schema";
import { ApiError } from "./api";

const PATIENCE_MS = 600_000;

/** Send a file and return the answer; `progressed` is told the share that has gone, 0 to 1.  Raises ApiError. */
export function upload<Answer>(path: string, file: File, progressed: (share: number) => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", `/api/v1${path}`);
    sending.timeout = PATIENCE_MS;
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    sending.upload.addEventListener("progress", (sent) => progressed(sent.lengthComputable ? sent.loaded / sent.total : 0));
    sending.upload.addEventListener("load", () => progressed(1));
    sending.addEventListener("load", () => {
      const answer = parsed(sending.responseText) as { code?: string; detail?: string; problems?: unknown[]; fields?: FieldProblem[] } | null;
      if (sending.status < 300 && answer !== null) resolve(answer as Answer);
      else reject(new ApiError(sending.status, answer?.code ?? `HTTP_${sending.status}`, answer?.detail, answer?.problems, answer?.fields));
    });
    for (const failure of ["error", "timeout", "abort"]) sending.addEventListener(failure, () => reject(new ApiError(0, "OFFLINE")));
    sending.send(file);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not JSON: what counts is the status
  }
}
