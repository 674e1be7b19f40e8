import type { Actor, TakenStep } from "./types.ts";

/** Who acts, as steps and resolutions name them. */
export const personOf = ({ identity, keyId }: Actor): NonNullable<TakenStep["by"]> => ({ name: identity.name, keyId });
