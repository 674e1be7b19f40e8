import { fileURLToPath } from "node:url";

/** Absolute path of the folder that holds package.json, `rules` and `dist` (or `src`, when run from source). */
export const packageRoot = fileURLToPath(new URL("..", import.meta.url));
