/**
 * Lets callers share reads: one is under way at a time, and all who ask meanwhile share the next. INVARIANT: what a caller is
 * given was read after it asked.
 */
export function shareReads<T>(read: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    if (next !== undefined) return next;
    const begun = last.then(() => {
      next = undefined;
      return read();
    });
    next = begun;
    last = begun.catch(() => undefined);
    return begun;
  };
}

/** As `shareReads`, for each id. */
export function shareReadsById<T>(read: (id: string) => Promise<T>): (id: string) => Promise<T> {
  const readers = new Map<string, { readonly read: () => Promise<T>; users: number }>();
  return async (id) => {
    const reader = readers.get(id) ?? { read: shareReads(() => read(id)), users: 0 };
    readers.set(id, reader);
    reader.users += 1;
    try {
      return await reader.read();
    } finally {
      reader.users -= 1;
      if (reader.users === 0) readers.delete(id);
    }
  };
}
