/**
 * Carries values between Node and a page as text, with the meaning of the structured clone algorithm that
 * Electron's IPC uses: undefined, bigint, Date, RegExp, Map, Set, Error, byte arrays, shared and circular
 * references arrive as they were; functions, symbols and promises are refused.
 *
 * `makeValueCodec` must stay free of outside references: its source text is also run inside the page.
 */
export function makeValueCodec() {
  const errorTypes = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
  const viewTypes = {
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  };

  function toBase64(bytes) {
    if (typeof bytes.toBase64 === 'function') return bytes.toBase64();
    if (typeof Buffer === 'function')
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
    let text = '';
    for (let start = 0; start < bytes.length; start += 0x8000) {
      text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
    }
    return btoa(text);
  }

  function fromBase64(text) {
    if (typeof Uint8Array.fromBase64 === 'function') return Uint8Array.fromBase64(text);
    if (typeof Buffer === 'function') return new Uint8Array(Buffer.from(text, 'base64'));
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
    return bytes;
  }

  function refuseToClone(value) {
    const shown = typeof value === 'symbol' ? String(value) : Object.prototype.toString.call(value);
    return new Error(`An object could not be cloned. (${shown})`);
  }

  /**
   * Objects become a flat list, and `[position]` refers to one, which keeps cycles and shared objects. What
   * JSON can write as it is stands in its place.
   */
  function encode(root) {
    const list = [];
    const positions = new Map();

    function add(value) {
      if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
      if (Number.isFinite(value) && !Object.is(value, -0)) return value;
      if (positions.has(value)) return [positions.get(value)];
      const position = list.length;
      list.push(null);
      positions.set(value, position);
      list[position] = describe(value);
      return [position];
    }

    function describe(value) {
      if (value === undefined) return ['undefined'];
      if (typeof value === 'number') return ['number', Object.is(value, -0) ? '-0' : String(value)];
      if (typeof value === 'bigint') return ['bigint', String(value)];
      if (typeof value !== 'object') throw refuseToClone(value);
      if (Array.isArray(value)) return ['array', Array.from(value, item => add(item))];
      if (ArrayBuffer.isView(value)) {
        const name = Object.keys(viewTypes).find(type => value instanceof viewTypes[type]);
        return ['view', name, toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))];
      }
      switch (Object.prototype.toString.call(value)) {
        case '[object ArrayBuffer]':
          return ['buffer', toBase64(new Uint8Array(value))];
        case '[object Date]':
          return ['date', value.getTime()];
        case '[object RegExp]':
          return ['regexp', value.source, value.flags];
        case '[object Map]':
          return ['map', Array.from(value, ([key, item]) => [add(key), add(item)])];
        case '[object Set]':
          return ['set', Array.from(value, item => add(item))];
        case '[object Boolean]':
        case '[object Number]':
        case '[object String]':
          return ['boxed', add(value.valueOf())];
        case '[object Promise]':
        case '[object WeakMap]':
        case '[object WeakSet]':
        case '[object WeakRef]':
          throw refuseToClone(value);
      }
      if (value instanceof Error) {
        const name = Object.hasOwn(errorTypes, value.name) ? value.name : 'Error';
        return [
          'error',
          name,
          String(value.message),
          String(value.stack ?? ''),
          'cause' in value ? add(value.cause) : null,
        ];
      }
      // DOM nodes, Blobs and the like: not to be mistaken for plain objects.
      if (Object.prototype.toString.call(value) !== '[object Object]') throw refuseToClone(value);
      return ['object', Object.keys(value).map(key => [key, add(value[key])])];
    }

    return JSON.stringify({ root: add(root), list });
  }

  function decode(text) {
    const { root, list } = JSON.parse(text);
    const values = new Array(list.length);
    const done = new Array(list.length).fill(false);

    function remember(position, value) {
      values[position] = value;
      done[position] = true;
      return value;
    }

    function get(written) {
      if (!Array.isArray(written)) return written;
      const [position] = written;
      if (done[position]) return values[position];
      const [kind, first, second, third, fourth] = list[position];
      switch (kind) {
        case 'undefined':
          return undefined;
        case 'number':
          return Number(first);
        case 'bigint':
          return BigInt(first);
        case 'boxed':
          return remember(position, Object(get(first)));
        case 'date':
          return remember(position, new Date(first ?? Number.NaN));
        case 'regexp':
          return remember(position, new RegExp(first, second));
        case 'buffer':
          return remember(position, fromBase64(first).buffer);
        case 'view':
          return remember(position, new viewTypes[first](fromBase64(second).buffer));
        case 'error': {
          const error = remember(position, new errorTypes[first](second));
          Object.defineProperty(error, 'stack', { value: third, writable: true, configurable: true });
          if (fourth !== null)
            Object.defineProperty(error, 'cause', { value: get(fourth), writable: true, configurable: true });
          return error;
        }
        case 'array': {
          const array = remember(position, []);
          for (const item of first) array.push(get(item));
          return array;
        }
        case 'map': {
          const map = remember(position, new Map());
          for (const [key, item] of first) map.set(get(key), get(item));
          return map;
        }
        case 'set': {
          const set = remember(position, new Set());
          for (const item of first) set.add(get(item));
          return set;
        }
        case 'object': {
          const object = remember(position, {});
          for (const [key, item] of first) {
            Object.defineProperty(object, key, {
              value: get(item),
              writable: true,
              enumerable: true,
              configurable: true,
            });
          }
          return object;
        }
        default:
          throw new Error(`unknown kind of value: ${kind}`);
      }
    }

    return get(root);
  }

  return { encode, decode };
}

export const { encode, decode } = makeValueCodec();
