import type { ApprovalNews } from "../../approvals/index.ts";
import { openChannel } from "./channel.ts";
import type { RedisSettings } from "./connection.ts";

/** `ApprovalNews` over a Redis channel: every replica hears of every approval. */
export function createRedisApprovalNews(settings: RedisSettings): ApprovalNews {
  const { publish, subscribe, close } = openChannel(settings, "verdict:approvals-changed");
  return { publish, subscribe, close };
}
