/** @returns up to two letters for a name: "Holder A" is HA, "Witness" is WI. */
function first(name: string): string {
  const words = name.split(/[\s._-]+/u).filter(word => /^\p{L}|^\p{N}/u.test(word));
  const [one = '', ...rest] = words;
  const last = rest.at(-1);
  const letters = last === undefined ? [...one].slice(0, 2) : [[...one][0] ?? '', [...last][0] ?? ''];
  const text = letters.join('').toLocaleUpperCase('en');
  return /^\p{L}/u.test(text) ? text : `P${text}`.slice(0, 2);
}

/** @returns initials for `name` that none of `taken` has. */
export function suggestInitials(name: string, taken: ReadonlySet<string>): string {
  const base = first(name);
  for (let number = 1; number < 100; number += 1) {
    const candidate = number === 1 ? base : `${base}${number}`;
    if (!taken.has(candidate)) return candidate;
  }
  return base;
}

/** The form of initials the contract accepts. */
export const initialsForm = /^\p{L}[\p{L}\p{N}]{0,3}$/u;
