import { InvalidRequest } from "./errors.ts";

/** SECURITY: the id becomes a part of a path; nothing that could lead to another route is one. */
export const isApprovalId = (value: unknown): value is string =>
  typeof value === "string" && /^[A-Za-z0-9_-]{1,256}$/.test(value);

/** The path of an approval. @throws InvalidRequest */
export function approvalPath(id: unknown): string {
  if (!isApprovalId(id)) throw new InvalidRequest("An approval's id has 1 to 256 of A-Z, a-z, 0-9, _ and -.");
  return `/v1/approvals/${id}`;
}
