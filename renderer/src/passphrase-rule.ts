/** What a new passphrase must be. The custodian holds to the same; this says so earlier. */
export const passphraseRule = { characters: 12, score: 3 } as const;
