import { AppError } from "../model/errors.ts";

/** Those who hold a connection for long, of one kind and one process. */
export interface Places {
  /**
   * @returns gives the place back; calling it again does nothing
   * @throws AppError `too_many_requests`
   */
  take(keyId: string): () => void;
}

export interface PlacesOptions {
  readonly all: number;
  /** SECURITY: with one key, so that it does not take the others' places. */
  readonly ofKey: number;
  /** @param who ` with this API key`, or nothing where all are taken. @returns what whoever finds no place is told */
  refusal(who: string): string;
}

export function createPlaces({ all, ofKey, refusal }: PlacesOptions): Places {
  const taken = new Map<string, number>();
  let takenByAll = 0;

  function leave(keyId: string): void {
    const left = taken.get(keyId)! - 1;
    if (left > 0) taken.set(keyId, left);
    else taken.delete(keyId);
    takenByAll -= 1;
  }

  return {
    take(keyId) {
      const own = taken.get(keyId) ?? 0;
      if (own >= ofKey) throw new AppError("too_many_requests", refusal(" with this API key"));
      if (takenByAll >= all) throw new AppError("too_many_requests", refusal(""));
      taken.set(keyId, own + 1);
      takenByAll += 1;
      let isHeld = true;
      return () => {
        if (isHeld) leave(keyId);
        isHeld = false;
      };
    },
  };
}

/** What a stream is refused with. */
export const streamRefusal = (who: string) => `As many streams are open${who} as may be; close one.`;
