/** UTF-8 byte order, which is what PostgreSQL's collation "C" gives; JavaScript's `<` differs above U+FFFF. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
