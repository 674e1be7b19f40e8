import { inspect, isDeepStrictEqual } from "node:util";
import { type Decision, type EvaluateRequest, Verdict, type VerdictOptions } from "../../sdks/typescript/src/index.ts";
import { waitFor } from "../e2e/wait-for.ts";
import { type ScriptedServer, startScriptedServer } from "./typescript-scripted-server.ts";
import type { Outcome, Step, StreamAct, Vector } from "./typescript-vectors.ts";

export const KEY = "vdt_key_of_the_vectors";

/** Nobody listens there. One that was free a moment ago may by now be the server of a vector that runs beside this one. */
const REFUSED = "http://127.0.0.1:2";

class ActionFailed extends Error {}

/** Runs a vector with a client of its own; what is not as it says comes back in words. */
export async function runVector(vector: Vector): Promise<readonly string[]> {
  const trap = await startScriptedServer({ server: [] });
  const taken = { event: 0, end: 0 };
  const server = await startScriptedServer(vector, { trap: trap.url }, ({ events, ends }) =>
    whenTaken(taken, events, ends),
  );
  const run = new VectorRun(vector, server, REFUSED, taken);
  try {
    for (const step of vector.steps) await run.step(step);
    const faults = [...run.faults, ...server.faults];
    if (vector.warnings !== undefined && run.warnings !== vector.warnings)
      faults.push(`${run.warnings} warnings, not ${vector.warnings}`);
    if (server.requests !== vector.requests) faults.push(`${server.requests} requests, not ${vector.requests}`);
    if (trap.requests > 0) faults.push("the trap was reached");
    for (const text of vector.never_contains ?? [])
      if (run.seen.some((seen) => seen.includes(text))) faults.push(`${text} is in an error`);
    return faults;
  } finally {
    run.close();
    await Promise.all([server.close(), trap.close()]);
  }
}

interface Taken {
  event: number;
  end: number;
}

async function whenTaken(taken: Taken, events = 0, ends = 0): Promise<void> {
  const shown = () => `the client had ${taken.event} events and ${taken.end} ends, not ${events} and ${ends}`;
  await waitFor("the stream", () => taken.event >= events && taken.end >= ends, 5000).catch(() => {});
  if ((events > 0 && taken.event !== events) || (ends > 0 && taken.end !== ends)) throw new Error(shown());
}

class VectorRun {
  readonly faults: string[] = [];
  /** All text that came out: errors with their fields and causes, and warnings. */
  readonly seen: string[] = [];
  readonly #client: Verdict;
  warnings = 0;
  readonly #server: ScriptedServer;
  #clockMs = 1_000_000;

  constructor(vector: Vector, server: ScriptedServer, refused: string, taken: Taken) {
    this.#server = server;
    const config = { url: server.url, ...vector.config };
    if (config.url === "{{refused}}") config.url = refused;
    const warn = (message: string) => {
      this.warnings += 1;
      this.seen.push(message);
    };
    this.#client = new Verdict(camelCased({ api_key: KEY, ...config }) as VerdictOptions, {
      env: {},
      warn,
      cacheNow: () => this.#clockMs,
      streamHeard: (what) => {
        taken[what] += 1;
      },
    });
  }

  close(): void {
    this.#client.close();
  }

  async step(step: Step): Promise<void> {
    this.#clockMs += step.advance_ms ?? 0;
    if (step.call === "stream") return this.#stream(step);
    const before = this.warnings;
    await Promise.all(Array.from({ length: step.parallel ?? 1 }, () => this.#once(step)));
    const { warnings } = step.outcome;
    if (warnings !== undefined) this.#expect(step, "warnings", this.warnings - before, warnings);
  }

  async #stream({ send, close, events, ends }: Step): Promise<void> {
    const act = Object.fromEntries(
      Object.entries({ send, close, events, ends }).filter(([, part]) => part !== undefined),
    );
    await this.#server.act(act as StreamAct).catch((error: Error) => this.faults.push(error.message));
  }

  async #once(step: Step): Promise<void> {
    const { outcome } = step;
    let ran = 0;
    const action = () => {
      ran += 1;
      if (step.action === "raises") throw new ActionFailed();
      return "ran";
    };
    try {
      this.#compareReturned(step, await this.#call(step, action));
    } catch (error) {
      this.#compareRaised(step, error as Error);
    }
    if (outcome.ran !== undefined) this.#expect(step, "runs of the action", ran, outcome.ran);
  }

  #call(step: Step, action: () => string): Promise<unknown> {
    const client = this.#client;
    const request = step.request as EvaluateRequest;
    const options = camelCased(step.options ?? {});
    const id = step.approval!;
    switch (step.call) {
      case "evaluate":
        return client.evaluate(request, options);
      case "check":
        return client.check(request, options);
      case "guard":
        return client.guard(request, action, options);
      case "evaluate_batch":
        return client.evaluateBatch(step.requests as unknown as EvaluateRequest[]);
      case "wait_for_approval":
        return client.waitForApproval(id, options);
      case "list_approvals":
        return client.approvals.list(step.options);
      case "get_approval":
        return client.approvals.get(id);
      case "approve":
        return client.approvals.approve(id, options);
      case "deny":
        return client.approvals.deny(id, options as { reason: string });
      case "cancel":
        return client.approvals.cancel(id, options);
      default:
        throw new Error(`a vector calls ${step.call}`);
    }
  }

  #compareReturned(step: Step, value: unknown): void {
    const { returns, raises, fields, results } = step.outcome;
    if (raises !== undefined) this.faults.push(`${step.call} returned ${inspect(value)}, and should raise ${raises}`);
    else if (returns === "results") this.#compareResults(step, value as object[], results ?? []);
    else if (fields !== undefined || WORDS.has(returns)) this.#compareFields(step, value as object, fields ?? {});
    else this.#expect(step, "value", value, returns);
  }

  #compareResults(step: Step, values: readonly object[], results: NonNullable<Outcome["results"]>): void {
    this.#expect(step, "length", values.length, results.length);
    for (const [index, { error, ...fields }] of results.entries()) {
      const value = values[index]!;
      this.#expect(step, "kind of result", value instanceof Error ? value.name : undefined, error);
      this.#compareFields(step, value, fields);
    }
  }

  #compareRaised(step: Step, error: Error): void {
    this.seen.push(String(error), error.stack ?? "", inspect(error, { depth: 9, showHidden: true, getters: true }));
    const { raises, fields } = step.outcome;
    const name = error instanceof ActionFailed ? "action" : error.name;
    if (name !== raises) this.faults.push(`${step.call} raised ${inspect(error)}, and should ${raises ?? "return"}`);
    else this.#compareFields(step, error, fields ?? {});
  }

  #compareFields(step: Step, value: object, fields: Readonly<Record<string, unknown>>): void {
    for (const [name, expected] of Object.entries(fields)) {
      const actual = (value as Record<string, unknown>)[camelCase(name)] ?? (value as Record<string, unknown>)[name];
      this.#expect(step, name, actual ?? null, expected);
    }
  }

  #expect(step: Step, what: string, actual: unknown, expected: unknown): void {
    if (!isDeepStrictEqual(actual, expected))
      this.faults.push(`${step.call}: ${what} is ${inspect(actual)}, not ${inspect(expected)}`);
  }
}

const WORDS = new Set<unknown>(["decision" satisfies keyof Decision, "approval", "list"]);

const camelCase = (name: string) => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());

export function camelCased(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [camelCase(name), value]));
}
