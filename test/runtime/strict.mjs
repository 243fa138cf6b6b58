/**
 * The rule above all: what the stand-in cannot do throws, it never pretends.
 *
 * This file holds the tools for that: errors that name what is missing, objects whose unknown members throw
 * when read, event emitters that refuse listeners for events that will never come, and the event object.
 */
import { EventEmitter } from 'node:events';
import { neverFires } from './differences.mjs';

/** Members that Node, bundlers and inspectors look for on any object; absent means absent, not a mistake. */
const probedByTools = new Set([
  'then',
  'toJSON',
  'default',
  '__esModule',
  'constructor',
  'domain',
  'inspect',
  'nodeType',
  'tagName',
  '$$typeof',
  'asymmetricMatch',
  'captureRejections',
]);

export class NotInStandIn extends Error {
  constructor(what, why = '') {
    super(
      `stand-in: ${what} is not provided here${why === '' ? '' : ` (${why})`}. It needs real Electron; see test/runtime/README.md.`,
    );
    this.name = 'NotInStandIn';
  }
}

/** Throws for something the stand-in cannot do. */
export function refuse(what, why) {
  throw new NotInStandIn(what, why);
}

/**
 * Reports a broken promise of the stand-in that no caller waits for (an event came in that it should have
 * prevented and could not): thrown outside of any call, it ends the application.
 */
export function refuseLater(what, why) {
  setImmediate(() => refuse(what, why));
}

function missingMember(name, property) {
  if (typeof property === 'symbol' || probedByTools.has(property)) return undefined;
  return refuse(`${name}.${property}`);
}

/** Makes reading a member that `members` does not have throw. Assigning members stays possible (tests do). */
export function strictObject(name, members) {
  return new Proxy(members, {
    get(target, property) {
      return property in target ? target[property] : missingMember(name, property);
    },
  });
}

/** A part of Electron that is absent as a whole: naming it is fine, using it throws. */
export function absentModule(name, why) {
  const use = property =>
    typeof property === 'symbol' || probedByTools.has(property)
      ? undefined
      : refuse(`${name}.${property}`, why);
  return new Proxy(function absent() {}, {
    get: (_target, property) => use(property),
    set: (target, property, value) => Reflect.set(target, property, value),
    apply: () => refuse(`${name}()`, why),
    construct: () => refuse(`new ${name}()`, why),
  });
}

/** Throws unless every option is one that the stand-in knows. */
export function checkOptions(what, options, known) {
  for (const option of Object.keys(options ?? {})) {
    if (!known.has(option)) refuse(`the option ${option} of ${what}`);
  }
}

/**
 * An event emitter whose unknown members throw, and that refuses listeners for events it never emits unless
 * the table in differences.mjs lists the event with a reason. Subclasses set `electronName` and `events`.
 */
export class StrictEmitter extends EventEmitter {
  static electronName = 'object';
  static events = new Set();

  constructor() {
    super();
    this.setMaxListeners(0);
  }

  #check(event) {
    const { electronName, events } = this.constructor;
    if (typeof event !== 'string' || events === 'any' || events.has(event) || neverFires(electronName, event))
      return;
    if (event === 'newListener' || event === 'removeListener') return;
    refuse(`the event '${event}' of ${electronName}`);
  }

  on(event, listener) {
    this.#check(event);
    return super.on(event, listener);
  }

  addListener(event, listener) {
    return this.on(event, listener);
  }

  once(event, listener) {
    this.#check(event);
    return super.once(event, listener);
  }

  prependListener(event, listener) {
    this.#check(event);
    return super.prependListener(event, listener);
  }
}

// The last prototype before EventEmitter's becomes a proxy, so that a member found nowhere on the way up ends
// here. (A proxy around each instance would not do: methods that use private fields refuse a proxy as `this`.)
Object.setPrototypeOf(
  StrictEmitter.prototype,
  new Proxy(EventEmitter.prototype, {
    get(target, property, receiver) {
      if (property in target) return Reflect.get(target, property, receiver);
      return missingMember(receiver?.constructor?.electronName ?? 'object', property);
    },
  }),
);

/** What listeners get as their first argument, like Electron's. */
export class ElectronEvent {
  defaultPrevented = false;

  constructor(details = {}) {
    Object.assign(this, details);
  }

  preventDefault() {
    this.defaultPrevented = true;
  }
}
