import { expect, it } from "vitest";
import { connect, disconnect } from "./connection.ts";

it("an address that fails at once fails the statement, not the process", async () => {
  // Nobody can connect to the address of a broadcast.
  const connection = connect({ url: "postgres://verdict@255.255.255.255/verdict", connectTimeoutMs: 1000 }, {});
  await expect(connection.client`select 1`).rejects.toMatchObject({ syscall: "connect" });
  await disconnect(connection);
});
