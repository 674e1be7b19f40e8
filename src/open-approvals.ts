import { createMemoryApprovalNews } from "./adapters/memory/approval-news.ts";
import type { ApprovalNews, ApprovalStore } from "./approvals/index.ts";
import type { Config } from "./config/index.ts";
import type { DependencyState } from "./operations/service.ts";
import type { Logger } from "./telemetry/index.ts";

/** Where approvals are kept, and how replicas tell each other of them. */
export interface OpenedApprovals {
  readonly approvalStore: ApprovalStore;
  readonly approvalNews: ApprovalNews;
  /** Of what the database is not: see `Service.dependencies`. */
  readonly dependencies: readonly (readonly [string, () => DependencyState])[];
  /** Logs what the store may lose of what it confirms. Never throws. */
  checkPersistence(): Promise<void>;
  close(): Promise<void>;
}

/** @param databaseStore of the database, which has them where there is no Redis */
export async function openApprovals(
  config: Config,
  databaseStore: ApprovalStore,
  logger: Logger,
): Promise<OpenedApprovals> {
  if (config.mode === "embedded") return inDatabase(databaseStore, createMemoryApprovalNews());
  if (config.redisUrl === undefined) {
    const onError = (error: Error) =>
      logger.warn({ err: error }, "no news of approvals from other replicas; who waits looks again every two seconds");
    const { createPostgresApprovalNews } = await import("./adapters/postgres/approval-news.ts");
    return inDatabase(databaseStore, createPostgresApprovalNews({ url: config.databaseUrl, onError }));
  }
  return inRedis(config.redisUrl, logger);
}

function inDatabase(approvalStore: ApprovalStore, approvalNews: ApprovalNews): OpenedApprovals {
  return {
    approvalStore,
    approvalNews,
    dependencies: [],
    async checkPersistence() {},
    close: () => approvalNews.close(),
  };
}

async function inRedis(url: string, logger: Logger): Promise<OpenedApprovals> {
  const onError = (error: Error) =>
    logger.warn({ err: error }, "Redis does not answer; what needs a person is denied until it does");
  const { createRedisApprovalStore } = await import("./adapters/redis/approval-store.ts");
  const { createRedisApprovalNews } = await import("./adapters/redis/approval-news.ts");
  const store = createRedisApprovalStore({ url, onError });
  // Its errors are those of the store, told once.
  const approvalNews = createRedisApprovalNews({ url });
  return {
    approvalStore: store,
    approvalNews,
    dependencies: [["redis", () => ({ isUp: store.isUp, isRequired: false })]],
    async checkPersistence() {
      try {
        for (const warning of await store.checkPersistence()) logger.warn(warning);
      } catch (error) {
        logger.warn({ err: error }, "whether Redis keeps approvals could not be checked");
      }
    },
    async close() {
      await approvalNews.close();
      await store.close();
    },
  };
}
