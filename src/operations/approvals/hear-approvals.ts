import type { Service } from "../service.ts";

/**
 * Subscribes to the news of approvals, when it is called first; again when that failed. Nobody waits for it: what a listener
 * does not hear, it finds by looking.
 * @param listener as of `ApprovalNews.subscribe`; also told undefined once it hears, since it may have missed something
 */
export function hearApprovals(
  service: Pick<Service, "approvalNews" | "logger">,
  listener: (id: string | undefined) => void,
): () => void {
  let isSubscribed = false;
  return () => {
    if (isSubscribed) return;
    isSubscribed = true;
    service.approvalNews.subscribe(listener).then(
      () => listener(undefined),
      (error) => {
        isSubscribed = false;
        service.logger.warn({ err: error }, "no news of approvals; they are looked at from time to time");
      },
    );
  };
}
