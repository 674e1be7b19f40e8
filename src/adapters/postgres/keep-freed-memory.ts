/**
 * Memory that is freed is used again instead of going back to the system, which would have to clear it for the next buffer:
 * postgres.js copies each batch of audit records, which was a quarter of what moving one cost.
 *
 * glibc follows what is freed: what is no larger than the largest so far it keeps, and twice that at the end of its heap
 * (`M_MMAP_THRESHOLD` in mallopt(3)). So one large buffer that nobody uses is all it takes. It is never written to and
 * takes no memory. Where there is another C library, this does nothing. May be called again.
 */
export function keepFreedMemory(): void {
  // V8 frees young buffers once there are 32 MB of them, which has to be less than twice this; of 8, 16, 24 and 32 MB, 8 did
  // nothing. Beyond 32 MB glibc does not follow.
  const bytes = 24 * 1024 * 1024;
  Buffer.allocUnsafeSlow(bytes);
}
