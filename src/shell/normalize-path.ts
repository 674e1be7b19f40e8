/** `a//b/./c/../d` as `a/b/d`. Lexical: nothing is looked up, so links are not followed. */
export function normalizePath(path: string): string {
  if (!/\/\/|(?:^|\/)\.{1,2}(?:\/|$)|.\/$/.test(path)) return path;
  const root = path.startsWith("/") ? "/" : "";
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    const last = kept.at(-1);
    // `~/..` and `*/..` name folders that only the file system knows.
    if (segment !== ".." || last === ".." || (last !== undefined && /^~|[*?[$`]/.test(last))) kept.push(segment);
    else if (last !== undefined) kept.pop();
    else if (root === "") kept.push(segment);
  }
  return root + kept.join("/") || ".";
}

/** The name of the file that a path names. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
