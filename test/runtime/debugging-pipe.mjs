/** A client of Chromium's debugging protocol over two pipes: zero-terminated JSON, no TCP port. */
export class DebuggingPipe {
  #write;
  #nextId = 1;
  #pending = new Map();
  #listeners = new Map();
  #closed = false;

  constructor(toChromium, fromChromium) {
    this.#write = toChromium;
    // Chromium may be gone before the last message is written; the exit of its process is what counts.
    toChromium.on('error', () => this.#close());
    fromChromium.on('error', () => this.#close());
    fromChromium.on('close', () => this.#close());
    let received = [];
    fromChromium.on('data', chunk => {
      let start = 0;
      for (let end = chunk.indexOf(0); end !== -1; end = chunk.indexOf(0, start)) {
        received.push(chunk.subarray(start, end));
        this.#receive(JSON.parse(Buffer.concat(received).toString('utf8')));
        received = [];
        start = end + 1;
      }
      received.push(chunk.subarray(start));
    });
  }

  /** Sends a command, to the browser itself or to an attached target, and resolves with its result. */
  send(method, params = {}, sessionId = undefined) {
    if (this.#closed) return Promise.reject(new Error(`Chromium is gone (${method})`));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { method, resolve, reject });
      this.#write.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /** Receives every event of one target, in order; without a session id those of the browser itself. */
  listen(sessionId, listener) {
    this.#listeners.set(sessionId, listener);
  }

  forget(sessionId) {
    this.#listeners.delete(sessionId);
  }

  #receive(message) {
    if (message.id === undefined) {
      this.#listeners.get(message.sessionId)?.(message.method, message.params);
      return;
    }
    const { method, resolve, reject } = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.error) reject(new Error(`${message.error.message} (${method})`));
    else resolve(message.result);
  }

  #close() {
    if (this.#closed) return;
    this.#closed = true;
    for (const { method, reject } of this.#pending.values())
      reject(new Error(`Chromium is gone (${method})`));
    this.#pending.clear();
  }
}
