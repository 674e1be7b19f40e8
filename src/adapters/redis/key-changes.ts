import type { KeyChanges } from "../../identity/types.ts";
import { openChannel } from "./channel.ts";
import type { RedisSettings } from "./connection.ts";

export interface RedisKeyChanges extends KeyChanges {
  /** @throws UnavailableError `storage_unavailable` when Redis does not answer in time */
  ping(): Promise<void>;
}

/** `KeyChanges` over a Redis channel. Listeners are also called when a message may have been missed. */
export function createRedisKeyChanges(settings: RedisSettings): RedisKeyChanges {
  const channel = openChannel(settings, "verdict:keys-changed");
  return {
    publish: () => channel.publish(""),
    subscribe: (notify) => channel.subscribe(() => notify()),
    ping: channel.ping,
    close: channel.close,
  };
}
