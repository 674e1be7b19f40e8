import { secretNameOf } from "./secret-names.ts";

/** What an item of a list of arguments is when an option says that it is a secret: `["login", "--password", "..."]`. */
export function kindOfArgument(items: readonly unknown[], index: number): string | undefined {
  const item = items[index];
  const option = items[index - 1];
  if (index === 0 || typeof item === "object") return undefined;
  if (typeof item === "string" && /^-p./.test(item) && isProgram(items, GLUED_CLIENTS)) return "password";
  if (typeof option !== "string" || !option.startsWith("-")) return undefined;
  if (USER_OPTIONS.has(option))
    return isProgram(items, /^curl$/) && String(item).includes(":") ? "password" : undefined;
  if (option === "-p") return isProgram(items, SPACED_CLIENTS) || isLogin(items) ? "password" : undefined;
  if (option === "-a") return isProgram(items, /^redis-cli$/) ? "password" : undefined;
  return isOption(item) ? undefined : secretNameOf(option)?.kind;
}

const USER_OPTIONS: ReadonlySet<string> = new Set(["-u", "--user", "--proxy-user"]);
const GLUED_CLIENTS = /^(?:mysql|mariadb|sshpass)/;
const SPACED_CLIENTS = /^(?:sshpass|mongosh)$/;

const isLogin = (items: readonly unknown[]) => items[1] === "login" && isProgram(items, /^(?:docker|podman|az)$/);

function isProgram([program]: readonly unknown[], name: RegExp): boolean {
  return typeof program === "string" && name.test(program.slice(program.lastIndexOf("/") + 1));
}

/** `-----BEGIN` is none. */
const isOption = (item: unknown) => typeof item === "string" && /^--?[a-z]/i.test(item);
