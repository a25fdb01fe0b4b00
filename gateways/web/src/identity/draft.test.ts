import { expect, it } from "vitest";
import type { Identity } from "../schema";
import { asKind, declarationOf, documentsOf, draftOf, fieldOf } from "./draft";

const KNOWN = { kind: "person", name: "王小明", document: "resident_id", number: "99**************7X", telephone: "13*******00", representative: "", agent: "", region: "" } as Identity;

it("what is known and left empty stays as it is, unless the document is another", () => {
  const draft = draftOf(KNOWN);
  expect([draft.name, draft.number, draft.telephone]).toEqual(["王小明", "", ""]);
  expect(declarationOf(draft, KNOWN)).toMatchObject({ number: null, telephone: null });
  expect(declarationOf({ ...draft, document: "passport" }, KNOWN)).toMatchObject({ number: "", telephone: null });
  expect(declarationOf({ ...draft, number: "1" }, KNOWN).number).toBe("1");
  expect(declarationOf(draftOf(null), null)).toMatchObject({ number: "", telephone: "" });
});

it("a kind of bidder has its own documents", () => {
  const company = asKind(draftOf(KNOWN), "legal_person");
  expect(company.document).toBe("credit_code");
  expect(asKind({ ...company, document: "other_registration" }, "organisation").document).toBe("other_registration");
  expect(asKind(company, "person").document).toBe("resident_id");
  expect(documentsOf("person")).not.toContain("credit_code");
});

it("a refusal is told beside the field that it concerns", () => {
  expect([fieldOf("CREDIT_CODE_WRONG"), fieldOf("AGENT_MISSING"), fieldOf("BUSY")]).toEqual(["number", "agent", undefined]);
});
