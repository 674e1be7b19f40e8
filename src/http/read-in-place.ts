import { Socket } from "node:net";

/** What Node allocates for each read otherwise. */
const BYTES = 64 * 1024;

/** One for all connections. */
const buffer = Buffer.allocUnsafeSlow(BYTES);

/** What Node has beneath a socket; not documented. */
interface Handle {
  readonly useUserBuffer?: unknown;
}
type Internals = { _handle?: Handle | null };

/**
 * The connection of a socket that was just accepted, but read into one buffer that all connections share, as `onread` of
 * `net.Socket` does for those that a program makes itself. A buffer for each read costs a tenth of what a request does.
 *
 * SECURITY: the bytes that `read` gets are others as soon as it returns. It keeps copies only.
 *
 * @param read returns whether it takes more
 * @returns undefined for what is no socket, and where Node cannot do it: then nothing was changed
 */
export function readInPlace(accepted: Socket, read: (bytes: Buffer) => boolean): Socket | undefined {
  const internals = accepted as unknown as Internals;
  const handle = internals._handle;
  if (typeof handle?.useUserBuffer !== "function") return undefined;
  const options = {
    handle,
    allowHalfOpen: accepted.allowHalfOpen,
    onread: { buffer, callback: (length: number) => read(buffer.subarray(0, length)) },
  };
  const socket = new Socket(options);
  if ((socket as unknown as Internals)._handle !== handle) return undefined;
  internals._handle = null;
  // The server counts the one that it accepted.
  socket.once("close", () => accepted.destroy());
  return socket;
}
