import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";
import { APPROVAL_STATUSES, type Approval, type ApprovalCounts, type ApprovalStatus } from "../../approvals/index.ts";
import { UnavailableError } from "../../model/errors.ts";
import { indexEntries } from "./approval-entries.ts";
import type { RedisConnection } from "./connection.ts";

/** An approval, and the text of its state in Redis, by which a step tells whether it still is as it was. */
export interface Stored {
  readonly approval: Approval;
  readonly state: string;
}

/** An entry of the index, and its approval; without one where that is unknown. */
export interface FoundEntry {
  readonly entry: string;
  readonly stored: Stored | undefined;
}

/** See `step.lua`. */
export interface StoredStep {
  readonly id: string;
  readonly from: string;
  readonly to?: string;
  readonly asked?: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

export interface Opening {
  readonly requester: string;
  readonly places: string;
  readonly digest: string;
  readonly until: string;
  readonly pendingMax: number;
  readonly expiries: readonly StoredStep[];
  readonly approval: Approval;
}

export type OpeningResult =
  | { readonly outcome: "due"; readonly due: readonly Stored[] }
  | { readonly outcome: "existing"; readonly approval: Approval }
  | { readonly outcome: "queue_full"; readonly pending: number }
  | { readonly outcome: "opened" }
  | { readonly outcome: "conflict" };

export interface Listing {
  readonly due: string;
  readonly until: string;
  readonly statuses: readonly ApprovalStatus[];
  readonly lists: readonly string[];
  readonly before: string | undefined;
  readonly count: number;
}

export interface Counting {
  readonly action: string;
  readonly repeats: string;
  readonly until: string;
  readonly id: string;
}

/** The scripts in `approval-scripts/`, whose headers say what each does. */
export interface ApprovalScripts {
  /** @returns undefined for each id that is unknown */
  read(ids: readonly string[]): Promise<readonly (Stored | undefined)[]>;
  first(prefix: string, until: string, limit: number): Promise<readonly FoundEntry[]>;
  /** @param strays see `drop.lua` */
  drop(
    strays: readonly { readonly entry: string; readonly id: string; readonly from: string | undefined }[],
  ): Promise<void>;
  /** @returns whether each step was applied */
  replace(steps: readonly StoredStep[]): Promise<readonly boolean[]>;
  open(opening: Opening): Promise<OpeningResult>;
  list(listing: Listing): Promise<"due" | readonly string[]>;
  /** `due` of the pending ones are due; `own` is the approval of the given id. */
  count(counting: Counting): Promise<{ counts: ApprovalCounts; due: number; own: Stored | undefined }>;
}

type Reply = readonly (string | number | null)[];
type Script = (...args: readonly (string | number)[]) => Promise<unknown>;

export function defineApprovalScripts(connection: RedisConnection, keyPrefix: string): ApprovalScripts {
  const keys = approvalKeys(keyPrefix);
  function define(name: string, ...files: readonly string[]): Script {
    const lua = ["whole", ...files].map((file) =>
      readFileSync(new URL(`approval-scripts/${file}.lua`, import.meta.url), "utf8"),
    );
    connection.redis.defineCommand(name, { numberOfKeys: keys.length, lua: lua.join("\n") });
    const command = Reflect.get(connection.redis, name) as Script;
    return async (...args) => {
      const reply = await connection.run((redis: Redis) => command.call(redis, ...keys, ...args));
      return reply === "damaged" ? failDamaged() : reply;
    };
  }
  const read = define("readApprovals", "read");
  const first = define("firstApprovals", "first");
  const drop = define("dropApprovalEntries", "drop");
  const replace = define("replaceApprovals", "step", "replace");
  const open = define("openApproval", "step", "open");
  const list = define("listApprovals", "list");
  const count = define("countApprovals", "count");

  return {
    async read(ids) {
      const reply = (await read(...ids)) as Reply;
      return ids.map((id, n) => {
        const found = storedAt(reply, 2 * n);
        // What UTF-8 cannot tell apart is not the same id.
        return found?.approval.id === id ? found : undefined;
      });
    },
    async first(prefix, until, limit) {
      const reply = (await first(prefix, until, limit)) as Reply;
      return Array.from({ length: reply.length / 3 }, (_, n) => ({
        entry: reply[3 * n] as string,
        stored: storedAt(reply, 3 * n + 1),
      }));
    },
    async drop(strays) {
      await drop(JSON.stringify(strays));
    },
    async replace(steps) {
      return ((await replace(JSON.stringify(steps))) as number[]).map((applied) => applied === 1);
    },
    async open({ approval, ...opening }) {
      const [id, asked, state] = [approval.id, askedText(approval), stateText(approval)];
      const given = JSON.stringify({ ...opening, id, asked, state, added: [...indexEntries(approval)] });
      return toOpeningResult((await open(given)) as Reply);
    },
    async list(listing) {
      const before = listing.before?.toWellFormed();
      return (await list(JSON.stringify({ ...listing, before }))) as "due" | string[];
    },
    async count(counting) {
      const reply = (await count(JSON.stringify({ ...counting, statuses: APPROVAL_STATUSES }))) as Reply;
      const counts = APPROVAL_STATUSES.map((status, n) => [status, reply[n]]);
      const [due, own] = [reply[APPROVAL_STATUSES.length] as number, storedAt(reply, APPROVAL_STATUSES.length + 1)];
      return { counts: Object.fromEntries(counts) as ApprovalCounts, due, own };
    },
  };
}

/** All in one slot of a Redis Cluster. @throws TypeError for a prefix that would make another hash tag */
export function approvalKeys(keyPrefix: string): readonly string[] {
  if (/[{}]/.test(keyPrefix)) throw new TypeError("a key prefix must not contain braces");
  return ["asked", "states", "index"].map((name) => `{${keyPrefix}verdict:approvals}:${name}`);
}

/** @param next undefined: it is forgotten */
export function stepOf({ approval, state }: Stored, next: Approval | undefined): StoredStep {
  const [before, behind] = [indexEntries(approval), next === undefined ? new Set<string>() : indexEntries(next)];
  return {
    id: approval.id,
    from: state,
    ...(next === undefined ? {} : { to: stateText(next) }),
    ...(next === undefined || next.view === approval.view ? {} : { asked: askedText(next) }),
    removed: [...before].filter((entry) => !behind.has(entry)),
    added: [...behind].filter((entry) => !before.has(entry)),
  };
}

/** JSON escapes what UTF-8 cannot hold. */
function stateText({ status, createdAt, expiresAt, votes, resolution, grant, untold }: Approval): string {
  return JSON.stringify({ status, createdAt, expiresAt, votes, resolution, grant, untold });
}

function askedText(approval: Approval): string {
  const { status, createdAt, expiresAt, votes, resolution, grant, untold, ...asked } = approval;
  return JSON.stringify(asked);
}

function toOpeningResult([outcome, ...rest]: Reply): OpeningResult {
  if (outcome === "due") return { outcome, due: allStored(rest) };
  if (outcome === "existing") return { outcome, approval: allStored(rest)[0]!.approval };
  if (outcome === "queue_full") return { outcome, pending: rest[0] as number };
  return { outcome: outcome as "opened" | "conflict" };
}

function allStored(reply: Reply): Stored[] {
  return Array.from({ length: reply.length / 2 }, (_, n) => storedAt(reply, 2 * n) ?? failDamaged());
}

/** @throws UnavailableError when a part of it is missing, or is not what was stored */
function storedAt(reply: Reply, at: number): Stored | undefined {
  const [asked, state] = [reply[at] ?? null, reply[at + 1] ?? null];
  if (asked === null && state === null) return undefined;
  if (typeof asked !== "string" || typeof state !== "string") return failDamaged();
  try {
    // A version that did not know steps to be told left them here, told or not.
    const { untold: _, ...question } = JSON.parse(asked);
    return { approval: { ...question, ...JSON.parse(state) }, state };
  } catch {
    return failDamaged();
  }
}

/** SECURITY: guessing what was lost could grant what nobody granted. */
export function failDamaged(): never {
  const what = "the keys of approvals in Redis do not fit together: one was deleted, evicted or changed";
  const cause = new Error(
    `${what}. Delete all three (docs/redis.md, "Keys"): agents ask again, and people answer again`,
  );
  throw new UnavailableError("storage", "the approvals in Redis are damaged: their keys have to be deleted", cause);
}
