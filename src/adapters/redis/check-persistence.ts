import type { RedisConnection } from "./connection.ts";

/**
 * What a Redis may lose of what it confirmed, by its own settings; a sentence each.
 * @throws UnavailableError `storage_unavailable`
 */
export async function checkPersistence(connection: RedisConnection): Promise<readonly string[]> {
  const setting = (name: string) => readSetting(connection, name);
  const [appendonly, appendfsync] = [await setting("appendonly"), await setting("appendfsync")];
  const noFsyncOnRewrite = await setting("no-appendfsync-on-rewrite");
  const [maxmemory, policy] = [await setting("maxmemory"), await setting("maxmemory-policy")];
  if ([appendonly, appendfsync, noFsyncOnRewrite, maxmemory, policy].includes(undefined)) {
    return ["Redis does not tell its settings (CONFIG GET), so whether it keeps approvals could not be checked"];
  }

  const warnings: string[] = [];
  if (appendonly !== "yes") {
    warnings.push("Redis loses approvals when it restarts: set appendonly to yes");
  } else if (appendfsync !== "always") {
    warnings.push("Redis may lose the last seconds of approvals at a power failure: set appendfsync to always");
  } else if (noFsyncOnRewrite !== "no") {
    warnings.push("Redis may lose approvals at a power failure: set no-appendfsync-on-rewrite to no");
  }
  // The other policies evict only keys that expire, and none of these does.
  if (maxmemory !== "0" && policy?.startsWith("allkeys-")) {
    warnings.push("Redis removes approvals when its memory is full: set maxmemory-policy to noeviction");
  }
  return warnings;
}

/** Undefined where Redis refuses to tell, as many hosted ones do, or does not know it. */
function readSetting({ run }: RedisConnection, name: string): Promise<string | undefined> {
  return run(async (redis) => {
    try {
      const [, value] = (await redis.config("GET", name)) as string[];
      return value;
    } catch (error) {
      if (error instanceof Error && error.name === "ReplyError") return undefined;
      throw error;
    }
  });
}
