import { canonicalJson } from "./canonical-json.ts";
import { sha256Hex } from "./sha256.ts";
import type { EvaluateRequest } from "./wire.ts";

/** The lower-case hex SHA-256 of the RFC 8785 form of a request as it is sent. @throws InvalidRequest */
export const cacheKey = (request: EvaluateRequest): string => sha256Hex(canonicalJson(request));
