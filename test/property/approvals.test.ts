import { it } from "vitest";
import { createMemoryApprovalStore } from "../../src/adapters/memory/approval-store.ts";
import { expectStoreToEqualMachine } from "./approval-machine.ts";

it("an approval store does what the state machine does, whatever is asked of it in whatever order", async () => {
  await expectStoreToEqualMachine(async () => createMemoryApprovalStore(), 500);
});
