import { assertScope, type Caller } from "../../identity/index.ts";
import { createRevocationWatch } from "../keys/watch-revocations.ts";
import { createPlaces, streamRefusal } from "../places.ts";
import type { Service } from "../service.ts";

/** Why answers that were given before may not be used any more. */
export type PolicyEvent =
  /** Other rules are active, or these are the first that the follower hears of. */
  | { readonly kind: "revision"; readonly policyRevision: string }
  /** Keys were revoked. SECURITY: not which, since that is no matter of another agent. */
  | { readonly kind: "revoked" };

/** What one follower has yet to be told. It queues nothing: what happened several times is told once. */
export interface PolicyFeed {
  /** The next events; none when there are none. */
  next(): readonly PolicyEvent[];
  /** Resolves when there may be events, and within a second in any case. */
  wait(): Promise<void>;
  /** Must be called once: the number of feeds is limited. */
  close(): void;
}

/** Those who follow what makes kept answers untrue, of one process. Nothing is watched while there are none. */
export interface PolicyFollowers {
  /** First the revision of the active rules, as soon as there are any, then every change. @throws AppError `insufficient_scope`, `too_many_requests` */
  open(caller: Caller): Promise<PolicyFeed>;
}

type FollowedService = Pick<Service, "activeRules" | "keyStore" | "keyRing" | "keyChanges" | "logger">;

/** Each holds a connection and little else, and there is one for each agent. Many agents may share a key. */
const PLACES = { all: 1000, ofKey: 500, refusal: streamRefusal };

/** Between two looks at which rules are active; it reads two variables. */
const RULES_MS = 100;

/** For news of keys that were lost: then all keys are read, once for all who follow. */
const KEYS_MS = 5000;

const WAIT_MS = 1000;

interface OpenPolicyFeed extends PolicyFeed {
  wake(): void;
}

export function createPolicyFollowers(service: FollowedService): PolicyFollowers {
  const feeds = new Set<OpenPolicyFeed>();
  const places = createPlaces(PLACES);
  const wakeAll = () => {
    for (const feed of feeds) feed.wake();
  };
  const watch = createRevocationWatch(service, wakeAll);
  let firstLook: Promise<void> | undefined;
  let stopLooking = () => {};

  /** Other rules, or the same ones after others. */
  const activation = () => `${service.activeRules.current()?.revision} ${service.activeRules.activatedAt}`;

  function lookFromTimeToTime(): () => void {
    let seen = activation();
    const rules = setInterval(() => {
      if (seen === activation()) return;
      seen = activation();
      wakeAll();
    }, RULES_MS);
    const keys = setInterval(() => void watch.look(), KEYS_MS);
    for (const timer of [rules, keys]) timer.unref();
    return () => {
      for (const timer of [rules, keys]) clearInterval(timer);
    };
  }

  function createFeed(leave: () => void): OpenPolicyFeed {
    const told = { activation: undefined as string | undefined, revocations: watch.count };
    let wake = () => {};

    function news(): PolicyEvent[] {
      const ruleSet = service.activeRules.current();
      const events: PolicyEvent[] = told.revocations === watch.count ? [] : [{ kind: "revoked" }];
      if (ruleSet === undefined || told.activation === activation()) return events;
      return [...events, { kind: "revision", policyRevision: ruleSet.revision }];
    }

    const feed: OpenPolicyFeed = {
      next() {
        const events = news();
        told.activation = activation();
        told.revocations = watch.count;
        return events;
      },
      async wait() {
        if (news().length > 0) return;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, WAIT_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = () => {};
      },
      wake: () => wake(),
      close() {
        wake();
        leave();
        feeds.delete(feed);
        if (feeds.size === 0) stopLooking();
      },
    };
    return feed;
  }

  return {
    async open(caller) {
      assertScope(caller, "evaluate");
      firstLook ??= watch.look();
      await firstLook;
      const feed = createFeed(places.take(caller.keyId));
      if (feeds.size === 0) stopLooking = lookFromTimeToTime();
      feeds.add(feed);
      return feed;
    },
  };
}
