import { setTimeout as pause } from "node:timers/promises";
import { ask, refund, resolve, type ShownApproval, show, use } from "./approval-scene.ts";
import type { TestedService } from "./service.ts";

export interface Waits {
  /** Milliseconds from sending the approval to the waiting agent's answer, ascending. */
  readonly toAnswer: readonly number[];
  /** Milliseconds from sending the approval to the allow. */
  readonly toAllow: readonly number[];
}

/**
 * Again and again an agent asks, waits and goes on, and a person approves in between.
 * @param agentOn where the agent asks and waits
 * @param personOn where the person approves
 */
export async function measureWaits(
  agentOn: TestedService,
  personOn: TestedService,
  personKey: string,
  rounds: number,
): Promise<Waits> {
  const toAnswer: number[] = [];
  const toAllow: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const body = refund(`ch_wait_${round}`);
    const id = await ask(agentOn, body);
    const waiting: Promise<[ShownApproval, number]> = show(agentOn, id, agentOn.keys.agent, 20).then((approval) => [
      approval,
      performance.now(),
    ]);
    // The agent waits by then.
    await pause(20);
    const sentAt = performance.now();
    const { status } = await resolve(personOn, "approve", id, personKey);
    if (status !== 200) throw new Error(`approve: ${status}`);
    const [approval, answeredAt] = await waiting;
    if (approval.status !== "approved") throw new Error(`the agent was told ${approval.status}`);
    toAnswer.push(answeredAt - sentAt);
    const { decision, reason } = await use(agentOn, id, body);
    if (decision !== "allow") throw new Error(`${decision}: ${reason}`);
    toAllow.push(performance.now() - sentAt);
  }
  const ascending = (a: number, b: number) => a - b;
  return { toAnswer: toAnswer.sort(ascending), toAllow: toAllow.sort(ascending) };
}

export function describeWaits({ toAnswer, toAllow }: Waits): string {
  const at = (sorted: readonly number[], part: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(1);
  return (
    `${toAnswer.length} approvals; approve to the long-poll's answer p50 ${at(toAnswer, 0.5)} ms, p99 ${at(toAnswer, 0.99)} ms; ` +
    `approve to the allow p50 ${at(toAllow, 0.5)} ms, p99 ${at(toAllow, 0.99)} ms`
  );
}
