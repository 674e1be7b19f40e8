import { connect, type Socket } from "node:net";

export interface RawSocket {
  /** Sends bytes as they are. Never rejects: the other side may be gone. */
  send(bytes: string | Buffer): void;
  /** What came back so far. */
  readonly received: () => string;
  /** Everything that came back, once the other side has closed. */
  readonly whole: Promise<string>;
  /** Closes without reading on; what was sent before arrives all the same. */
  leave(): void;
  /** Ends the connection with a reset, as a process that dies does. */
  reset(): void;
}

/** A connection on which a test says exactly what it wants, HTTP or not. @param url `http://host:port` */
export async function openRawSocket(url: string): Promise<RawSocket> {
  const { hostname, port } = new URL(url);
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening = connect({ host: hostname, port: Number(port) }, () => resolve(opening));
    opening.once("error", reject);
  });
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk;
  });
  // A reset is how some of these conversations are meant to end; "close" follows.
  socket.on("error", () => {});
  const whole = new Promise<string>((resolve) => socket.once("close", () => resolve(received)));
  return {
    send: (bytes) => void socket.write(bytes),
    received: () => received,
    whole,
    // Only once the last byte is the kernel's: what it has it delivers, whoever has closed.
    leave: () => void socket.end(() => socket.destroy()),
    reset: () => void socket.resetAndDestroy(),
  };
}

/** The whole answer to bytes, from a server that closes the connection after it. */
export async function exchange(url: string, ...parts: (string | Buffer)[]): Promise<string> {
  const socket = await openRawSocket(url);
  for (const part of parts) socket.send(part);
  return socket.whole;
}
