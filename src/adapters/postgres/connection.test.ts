import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, it } from "vitest";
import { connect, disconnect } from "./connection.ts";

it("an address that fails at once fails the statement, not the process", async () => {
  // Nobody can connect to the address of a broadcast.
  const connection = connect({ url: "postgres://verdict@255.255.255.255/verdict", connectTimeoutMs: 1000 }, {});
  await expect(connection.client`select 1`).rejects.toMatchObject({ syscall: "connect" });
  await disconnect(connection);
});

it("a host that cannot be read is passed over for the next", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connection = connect({ url: `postgres://verdict@[2001:db8::1]:5432,127.0.0.1:${port}/verdict` }, {});
  const answer = connection.client`select 1`.catch(() => {});
  const [socket] = (await once(server, "connection")) as [Socket];
  await disconnect(connection);
  await answer;
  socket.destroy();
  server.close();
});
