import type { components, operations } from "./generated/schema.ts";

type Schemas = components["schemas"];

/** One action that an agent wants to take, spelled as the service spells it. */
export type EvaluateRequest = Schemas["EvaluateRequest"];
export type Identity = Schemas["Identity"];
export type Obligation = Schemas["Obligation"];
export type ApprovalReference = Schemas["ApprovalReference"];
export type Approval = Schemas["ApprovalDetail"];
export type ApprovalList = Schemas["ApprovalList"];
export type DryRun = Schemas["DryRun"];
export type DryRunRequest = Schemas["DryRunRequest"];
export type Problem = Schemas["Problem"];
export type ApprovalSearch = NonNullable<operations["listApprovals"]["parameters"]["query"]>;
