import { z } from "zod";

export const SAID_CHARACTERS_MAX = 2000;

/**
 * What nobody sees: control and format characters (bidirectional ones turn around what is shown), the separators of lines,
 * and what is drawn as nothing, in which a text for a machine can be hidden.
 */
const INVISIBLE = String.raw`\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}`;

/** One of them is part of what is written: between letters of Persian or Sinhala, say, and in an emoji. */
const VISIBLE = [
  String.raw`[\n\t]`,
  `[^${INVISIBLE}]`,
  String.raw`(?<=[\p{L}\p{M}])[\u200c\u200d](?=[\p{L}\p{M}])`,
  String.raw`(?<=\p{Emoji})[\ufe0e\ufe0f]`,
  String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic})`,
];
const ALL_VISIBLE = new RegExp(`^(?:${VISIBLE.join("|")})*$`, "u");

/**
 * What a person says. SECURITY: it is shown in terminals and chats and handed to agents, so all of it can be seen.
 */
export const said = z
  .string()
  .max(SAID_CHARACTERS_MAX)
  .refine((text) => /\S/.test(text), "is empty; leave it out or say something")
  .refine(
    (text) => ALL_VISIBLE.test(text),
    "has control characters or others that cannot be seen; only line feeds and tabs may be",
  );
