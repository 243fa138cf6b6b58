/**
 * RS1024, the checksum of a share: a Reed-Solomon code over GF(1024) that detects every error in up to three words.
 * SLIP-0039, "Checksum".
 */
export const checksumLength = 3;

const generator = [
  0xe0e040, 0x1c1c080, 0x3838100, 0x7070200, 0xe0e0009, 0x1c0c2412, 0x38086c24, 0x3090fc48, 0x21b1f890,
  0x3f3f120,
] as const;

/** @param values each below 1024, after the customization string's characters */
function remainder(customization: string, values: Uint16Array): number {
  let state = 1;
  const feed = (value: number): void => {
    const top = state >> 20;
    state = ((state & 0xfffff) << 10) ^ value;
    for (let bit = 0; bit < 10; bit += 1) state ^= (generator[bit] as number) & -((top >> bit) & 1);
  };
  for (const character of customization) feed(character.charCodeAt(0));
  for (const value of values) feed(value);
  return state;
}

/**
 * Fills in the checksum.
 * @param words the data, with room for the checksum in its last three places, which hold 0
 */
export function writeChecksum(customization: string, words: Uint16Array): void {
  const rest = remainder(customization, words) ^ 1;
  for (let place = 0; place < checksumLength; place += 1)
    words[words.length - checksumLength + place] = (rest >> (10 * (checksumLength - 1 - place))) & 1023;
}

/** @returns whether the last three words are the checksum of those before them */
export const checksumHolds = (customization: string, words: Uint16Array): boolean =>
  remainder(customization, words) === 1;
