import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseWebhooks, type SecretFile, type Webhook } from "../../webhooks/index.ts";

/**
 * The operator's webhooks. The paths of secrets start at the file's own folder.
 * @throws Error that says what is wrong, where and what is allowed, without a secret
 */
export function readWebhooksFile(path: string): readonly Webhook[] {
  const source = readText(path);
  if (!source.ok) throw new Error(`the webhooks file ${path} cannot be read: ${source.why}`);
  const result = parseWebhooks(path, source.text, (secret) => readText(resolve(dirname(path), secret)));
  if (result.ok) return result.webhooks;
  throw new Error(`the webhooks file is not valid:\n${result.problems.map((problem) => `  ${problem}`).join("\n")}`);
}

function readText(path: string): SecretFile {
  try {
    return { ok: true, text: readFileSync(path, "utf8") };
  } catch (error) {
    return { ok: false, why: (error as NodeJS.ErrnoException).code ?? "unknown error" };
  }
}
