/**
 * What postMessage between processes does to values: an independent copy by the structured clone algorithm.
 * Buffers become plain Uint8Arrays of just their own bytes (a clone would carry the whole pool a small Buffer
 * is cut from, with whatever else lies in it).
 */
export function copyForPosting(value) {
  return structuredClone(withoutBuffers(value, new Map()));
}

function withoutBuffers(value, seen) {
  if (value === null || typeof value !== 'object') return value;
  if (seen.has(value)) return seen.get(value);
  if (Buffer.isBuffer(value)) {
    const bytes = Uint8Array.from(value);
    seen.set(value, bytes);
    return bytes;
  }
  if (Array.isArray(value)) {
    const copy = [];
    seen.set(value, copy);
    for (const item of value) copy.push(withoutBuffers(item, seen));
    return copy;
  }
  if (value instanceof Map) {
    const copy = new Map();
    seen.set(value, copy);
    for (const [key, item] of value) copy.set(withoutBuffers(key, seen), withoutBuffers(item, seen));
    return copy;
  }
  if (value instanceof Set) {
    const copy = new Set();
    seen.set(value, copy);
    for (const item of value) copy.add(withoutBuffers(item, seen));
    return copy;
  }
  if (Object.prototype.toString.call(value) !== '[object Object]') return value;
  const copy = {};
  seen.set(value, copy);
  for (const key of Object.keys(value)) copy[key] = withoutBuffers(value[key], seen);
  return copy;
}
