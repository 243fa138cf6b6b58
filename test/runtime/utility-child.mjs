/** The start of a utility process: `process.parentPort` as in Electron, then the app's module. */
import { EventEmitter } from 'node:events';
import Module, { createRequire } from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { copyForPosting } from './posted-values.mjs';
import { absentModule, refuse, strictObject } from './strict.mjs';

class ParentPort extends EventEmitter {
  #waiting = [];
  #started = false;

  constructor() {
    super();
    // Messages wait until somebody listens, as on a MessagePort. Listening here also keeps the process alive
    // when it has nothing else to do, which is how a utility process lives.
    process.on('message', data => {
      if (this.#started) this.#deliver(data);
      else this.#waiting.push(data);
    });
    this.on('newListener', event => {
      if (event === 'message') this.start();
    });
  }

  #deliver(data) {
    this.emit('message', { data, ports: [] });
  }

  start() {
    if (this.#started) return;
    this.#started = true;
    // Not within the call: the listener that brought us here is not attached yet.
    setImmediate(() => {
      for (const data of this.#waiting.splice(0)) this.#deliver(data);
    });
  }

  pause() {
    this.#started = false;
  }

  postMessage(message, ports) {
    if (ports !== undefined && ports.length > 0) refuse('passing MessagePorts from a utility process');
    if (process.connected) process.send(copyForPosting(message), () => {});
  }
}

const electron = strictObject('electron (in a utility process)', {
  net: absentModule('net'),
  systemPreferences: absentModule('systemPreferences'),
});
const originalLoad = Module._load;
Module._load = function load(request, ...rest) {
  return /^electron(\/utility|\/common)?$/.test(request)
    ? electron
    : originalLoad.call(this, request, ...rest);
};

process.type = 'utility';
process.parentPort = new ParentPort();
process.title = process.env.ROOTWARD_STANDIN_SERVICE ?? process.title;
delete process.env.ROOTWARD_STANDIN_SERVICE;
// When the main process is gone, so is its utility process.
process.on('disconnect', () => process.exit(0));

// argv[1] is this file; the app's module takes its place, as if it had been started itself.
process.argv.splice(1, 1);
const modulePath = resolve(process.argv[1]);
if (extname(modulePath) === '.mjs') await import(pathToFileURL(modulePath).href);
else createRequire(import.meta.url)(modulePath);
