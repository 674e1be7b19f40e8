import { isUuid } from "../../model/uuid.ts";
import { usage } from "../service/target.ts";

/** SECURITY: not repeated, because people paste a key where an id belongs. @throws CliError */
export function assertApprovalId(text: string): void {
  if (isUuid(text)) return;
  throw usage(
    "this is not the id of an approval",
    "An id looks like 01890b6e-7c00-7000-8000-000000000000; `verdict approvals list` shows them.",
  );
}
