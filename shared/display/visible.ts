const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Text that somebody else wrote, for a message, a terminal or paper. Control characters move a terminal's cursor,
 * bidirectional ones turn a line around, and both can make a refusal read as its opposite.
 * @param longest how many characters are kept
 * @returns the text with every such character as `\u{202e}`, cut with `…` where it is too long
 */
export function visible(text: string, longest = 300): string {
  // Cut twice: a hostile text of megabytes is not worth escaping to its end, and escaping makes it longer.
  const escaped = text
    .slice(0, longest + 1)
    .replace(
      invisible,
      character => `\\u{${(character.codePointAt(0) as number).toString(16).padStart(4, '0')}}`,
    );
  return escaped.length > longest ? `${escaped.slice(0, longest)}…` : escaped;
}
