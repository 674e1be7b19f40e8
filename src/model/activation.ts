/** Any value that `JSON.parse` can return. Objects may have any own key, `__proto__` and `constructor` included. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** Where the action goes. Only parts that are known are present. */
export interface Destination {
  url?: string;
  domain?: string;
  ip?: string;
  port?: number;
  scheme?: string;
  path?: string;
  command?: string;
}

export interface Identity {
  name: string;
  roles: readonly string[];
  tenant?: string;
  attributes: JsonObject;
}

/**
 * Everything that a rule can see of one request, and the whole input of a decision: two equal activations on the same
 * rule set give equal decisions. Plain data, safe to store and to replay.
 */
export interface Activation {
  readonly action_type: string;
  readonly action_name: string;
  readonly arguments: JsonObject;
  readonly destination: Destination;
  readonly identity: Identity;
  readonly session: { id?: string };
  readonly context: JsonObject;
  /** `time` is the same instant as `now`, in epoch milliseconds; rules see both as CEL timestamps. */
  readonly request: { id: string; time: number };
  /** Epoch milliseconds. */
  readonly now: number;
}
