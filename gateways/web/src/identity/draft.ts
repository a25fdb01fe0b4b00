// What somebody types about who bids, before it is a declaration. Pure; the server decides whether it can be so.

import type { Declaration, Identity } from "../schema";

export type Kind = Declaration["kind"];
export type DocumentKind = Declaration["document"];

export const KINDS: readonly Kind[] = ["person", "legal_person", "organisation"];
const OF_PERSONS: readonly DocumentKind[] = [
  "resident_id", "residence_permit", "hk_macao_permit", "taiwan_permit", "permanent_resident", "passport", "other_personal",
];
const OF_ORGANISATIONS: readonly DocumentKind[] = ["credit_code", "other_registration"];

/** A field of the form; a refusal of the server concerns one of them. */
export type Field = "kind" | "name" | "document" | "number" | "telephone" | "representative" | "agent" | "region";

export interface Draft {
  kind: Kind;
  name: string;
  document: DocumentKind;
  number: string;
  telephone: string;
  representative: string;
  agent: string;
  region: string;
}

const FIELD_OF: Readonly<Record<string, Field>> = {
  NAME_WRONG: "name",
  DOCUMENT_NOT_OF_KIND: "document",
  RESIDENT_ID_WRONG: "number",
  CREDIT_CODE_WRONG: "number",
  DOCUMENT_NUMBER_WRONG: "number",
  REPRESENTATIVE_MISSING: "representative",
  AGENT_MISSING: "agent",
  TELEPHONE_WRONG: "telephone",
  REGION_UNKNOWN: "region",
};

/** The field that a refusal concerns; undefined when it concerns none. */
export const fieldOf = (code: string): Field | undefined => FIELD_OF[code];

export const isOrganisation = (kind: Kind): boolean => kind !== "person";

export const documentsOf = (kind: Kind): readonly DocumentKind[] => (isOrganisation(kind) ? OF_ORGANISATIONS : OF_PERSONS);

/** What the form begins with: what holds now without what is masked, or nothing. */
export function draftOf(known: Identity | null): Draft {
  const { kind = "person", name = "", document = "resident_id", representative = "", agent = "", region = "" } = known ?? {};
  return { kind, name, document, number: "", telephone: "", representative, agent, region };
}

/** The draft for another kind of bidder: with a document that this kind has. */
export function asKind(draft: Draft, kind: Kind): Draft {
  const [first = draft.document] = documentsOf(kind);
  return { ...draft, kind, document: documentsOf(kind).includes(draft.document) ? draft.document : first };
}

/** What is sent: what was left empty and is known stays as it is. */
export function declarationOf(draft: Draft, known: Identity | null): Declaration {
  const keepsNumber = known !== null && known.document === draft.document && !draft.number.trim();
  const keepsTelephone = known !== null && !draft.telephone.trim();
  return { ...draft, number: keepsNumber ? null : draft.number, telephone: keepsTelephone ? null : draft.telephone };
}
