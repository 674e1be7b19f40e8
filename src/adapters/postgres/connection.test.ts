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

/** A server that says nothing, as the second host: the first one cannot be read. */
async function connectToNobody() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `postgres://verdict@[2001:db8::1]:5432,127.0.0.1:${port}/verdict`;
  const connection = connect({ url }, { statement_timeout: 1000, lock_timeout: 1000 });
  const answer = connection.client`select 1`.catch(() => {});
  const [socket] = (await once(server, "connection")) as [Socket];
  return {
    socket,
    async end() {
      await disconnect(connection);
      await answer;
      socket.destroy();
      server.close();
    },
  };
}

it("a host that cannot be read is passed over for the next", async () => {
  const { end } = await connectToNobody();
  await end();
});

it("begins with nothing that a pooler would have to be told of", async () => {
  const { socket, end } = await connectToNobody();
  const [message] = (await once(socket, "data")) as [Buffer];
  await end();
  // Behind length and version: names and values, each with a NUL.
  const words = message.toString("utf8", 8).split("\0");
  const names = words.filter((_, at) => at % 2 === 0 && words[at] !== "");
  expect(names.sort()).toEqual(["application_name", "client_encoding", "database", "user"]);
});
