/**
 * The link between a page's own JavaScript world and the isolated world of its preload, as contextBridge
 * needs it. The two worlds share the document but no JavaScript object: a CustomEvent dispatched on a shared
 * element is seen by listeners of both, and Chromium clones its `detail` from one world into the other.
 * Dispatching is synchronous, so functions with plain results can be called across, too.
 *
 * The same function runs at both ends; it must stay free of outside references, since its source text is run
 * inside the page. The isolated end treats what it receives as the page's words: all that a page could
 * do by getting hold of the element is what the exposed functions let it do anyway.
 *
 * @param element a detached element that both worlds hold
 * @param ownName, otherName the event names by which this end and the other one receive
 * @param answers by kind, further requests that this end answers (beside calls of functions it gave away)
 */
export function makeCrossWorldLink(element, ownName, otherName, answers) {
  const givenFunctions = new Map();
  const numbersOfGiven = new WeakMap();
  const awaitedPromises = new Map();
  const replies = [];
  let nextNumber = 1;

  /** Takes a value apart into what Chromium can clone; functions and promises become numbers. */
  function wrap(value, inside = new Set()) {
    if (typeof value === 'function') {
      if (!numbersOfGiven.has(value)) {
        numbersOfGiven.set(value, nextNumber);
        givenFunctions.set(nextNumber++, value);
      }
      return { kind: 'function', number: numbersOfGiven.get(value) };
    }
    if (value === null || typeof value !== 'object') return { kind: 'value', value };
    if (value instanceof Promise) {
      const number = nextNumber++;
      value.then(
        result => exchange({ kind: 'settle', number, outcome: attempt(() => result) }),
        error =>
          exchange({
            kind: 'settle',
            number,
            outcome: attempt(() => {
              throw error;
            }),
          }),
      );
      return { kind: 'promise', number };
    }
    if (value instanceof Error) return { kind: 'error', value: wrapError(value) };
    // Everything but lists and objects is left to Chromium's clone, which refuses what it cannot copy.
    const isObject = Object.prototype.toString.call(value) === '[object Object]';
    if (!Array.isArray(value) && !isObject) return { kind: 'value', value };
    if (inside.has(value)) throw new TypeError('contextBridge cannot pass circular objects with functions');
    inside.add(value);
    const wrapped = Array.isArray(value)
      ? { kind: 'array', items: value.map(item => wrap(item, inside)) }
      : { kind: 'object', entries: Object.keys(value).map(key => [key, wrap(value[key], inside)]) };
    inside.delete(value);
    return wrapped;
  }

  function wrapError(error) {
    const plain = new Error(String(error.message));
    plain.stack = String(error.stack);
    return { name: String(error.name), error: plain };
  }

  function unwrapError({ name, error }) {
    if (name !== 'Error')
      Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
    return error;
  }

  /** Puts a value together again in this world. */
  function unwrap(wrapped) {
    switch (wrapped.kind) {
      case 'value':
        return wrapped.value;
      case 'error':
        return unwrapError(wrapped.value);
      case 'array':
        return wrapped.items.map(unwrap);
      case 'object': {
        const object = {};
        for (const [key, item] of wrapped.entries)
          Object.defineProperty(object, key, {
            value: unwrap(item),
            enumerable: true,
            writable: true,
            configurable: true,
          });
        return object;
      }
      case 'function':
        return (...parameters) =>
          result(
            exchange({
              kind: 'call',
              number: wrapped.number,
              parameters: parameters.map(item => wrap(item)),
            }),
          );
      case 'promise':
        return new Promise((resolve, reject) => awaitedPromises.set(wrapped.number, { resolve, reject }));
      default:
        throw new TypeError(`unknown kind ${wrapped.kind}`);
    }
  }

  function attempt(action) {
    try {
      return { succeeded: true, value: wrap(action()) };
    } catch (error) {
      return {
        succeeded: false,
        value: error instanceof Error ? { kind: 'error', value: wrapError(error) } : wrap(error),
      };
    }
  }

  function result(outcome) {
    const value = unwrap(outcome.value);
    if (outcome.succeeded) return value;
    throw value;
  }

  /** Sends a message to the other world and returns what that answers, all within this call. */
  function exchange(message) {
    const depth = replies.length;
    element.dispatchEvent(new CustomEvent(otherName, { detail: message }));
    if (replies.length === depth) throw new Error('the other world did not answer');
    return replies.pop() ?? uncloneable;
  }

  function answer(message) {
    switch (message.kind) {
      case 'call':
        return attempt(() => {
          const called = givenFunctions.get(message.number);
          if (called === undefined) throw new TypeError('no such function');
          return called(...message.parameters.map(unwrap));
        });
      case 'settle': {
        const awaited = awaitedPromises.get(message.number);
        awaitedPromises.delete(message.number);
        const value = unwrap(message.outcome.value);
        if (message.outcome.succeeded) awaited?.resolve(value);
        else awaited?.reject(value);
        return true;
      }
      default:
        return attempt(() => answers[message.kind](...message.parameters.map(unwrap)));
    }
  }

  // What Chromium cannot clone (an element, say) arrives as null.
  const uncloneable = attempt(() => {
    throw new Error('An object could not be cloned.');
  });
  element.addEventListener(`${ownName}-reply`, event => replies.push(event.detail));
  element.addEventListener(ownName, event => {
    const detail = event.detail === null ? uncloneable : answer(event.detail);
    element.dispatchEvent(new CustomEvent(`${otherName}-reply`, { detail }));
  });

  return {
    /** Asks the other end for something by name; returns its result or throws its error. */
    request: (kind, ...parameters) =>
      result(exchange({ kind, parameters: parameters.map(item => wrap(item)) })),
  };
}
