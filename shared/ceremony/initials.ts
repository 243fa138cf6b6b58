/** @returns initials made from a name, as people write them: "Holder B" gives HB, "holder-1" gives H1, "42" gives P4 */
export function initialsOf(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  const letters = words
    .map(word => [...word][0] ?? '')
    .join('')
    .toUpperCase()
    // A capital may be a letter and an accent beside it.
    .replace(/[^\p{L}\p{N}]/gu, '');
  // Initials begin with a letter.
  return [...(/^\p{L}/u.test(letters) ? letters : `P${letters}`)].slice(0, 3).join('');
}
