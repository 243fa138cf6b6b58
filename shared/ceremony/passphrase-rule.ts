/**
 * What a new passphrase must be. `characters`: the custodian refuses a shorter one, whoever asks. `score`: zxcvbn's
 * (0 to 4), to which the window weighs what a person types; a dictionary has no place where keys are opened.
 */
export const passphraseRule = { characters: 12, score: 3 } as const;

/** @returns how many characters a text in UTF-8 has, as people count them; no string is made of it */
export function charactersOf(text: Uint8Array): number {
  let characters = 0;
  // Every byte but those that go on with a character begins one (RFC 3629 section 3).
  for (const byte of text) if ((byte & 0xc0) !== 0x80) characters += 1;
  return characters;
}
