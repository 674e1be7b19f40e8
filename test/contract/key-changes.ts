import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { KeyChanges } from "../../src/identity/types.ts";

/** What every `KeyChanges` promises. `create` gives one replica's end of the same channel each time. */
export function describeKeyChanges(name: string, create: () => Promise<KeyChanges>): void {
  describe(`KeyChanges contract: ${name}`, () => {
    let changes: KeyChanges;
    beforeEach(async () => {
      changes = await create();
    });
    afterEach(() => changes.close());

    it("tells every listener of a change", async () => {
      const [first, second] = [vi.fn(), vi.fn()];
      await changes.subscribe(first);
      await changes.subscribe(second);
      await changes.publish();
      await vi.waitFor(() => {
        expect(first).toHaveBeenCalled();
        expect(second).toHaveBeenCalled();
      });
    });

    it("leaves a listener alone that has stopped, once per subscription", async () => {
      const [stopped, listening] = [vi.fn(), vi.fn()];
      const stop = await changes.subscribe(stopped);
      await changes.subscribe(listening);
      await stop();
      await stop();
      await changes.publish();
      await vi.waitFor(() => expect(listening).toHaveBeenCalled());
      expect(stopped).not.toHaveBeenCalled();
    });

    it("keeps the other subscription of a function that was given twice", async () => {
      const listener = vi.fn();
      const stop = await changes.subscribe(listener);
      await changes.subscribe(listener);
      await stop();
      await changes.publish();
      await vi.waitFor(() => expect(listener).toHaveBeenCalled());
    });

    it("publishes without listeners", async () => {
      await expect(changes.publish()).resolves.toBeUndefined();
    });

    it("neither throws nor calls anyone after close, and closes twice", async () => {
      const listener = vi.fn();
      await changes.subscribe(listener);
      await changes.close();
      await changes.close();
      await expect(changes.publish()).resolves.toBeUndefined();
      expect(listener).not.toHaveBeenCalled();
    });
  });
}
