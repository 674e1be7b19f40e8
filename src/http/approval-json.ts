import { approvalView } from "../operations/approvals/approval-view.ts";
import type { Approval } from "../operations/approvals/read-approvals.ts";
import { nextTurn } from "../operations/audit/read-audit.ts";

const texts = new WeakMap<Approval, string>();

/** An approval may have a quarter of a megabyte: for all who are shown the same object its JSON is made once. */
export function approvalJson(approval: Approval): string {
  let text = texts.get(approval);
  if (text === undefined) {
    text = JSON.stringify(approvalView(approval));
    texts.set(approval, text);
  }
  return text;
}

/** Characters after which whatever else waits has its turn; to read and write as many takes about a millisecond. */
const TURN_CHARACTERS = 64 * 1024;

/** The JSON of each, with turns for others in between where they are large. */
export async function approvalJsons(approvals: readonly Approval[]): Promise<string[]> {
  const made: string[] = [];
  let characters = 0;
  for (const approval of approvals) {
    if (characters > TURN_CHARACTERS) {
      await nextTurn();
      characters = 0;
    }
    const text = approvalJson(approval);
    made.push(text);
    characters += text.length;
  }
  return made;
}
