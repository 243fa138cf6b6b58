/** `ipcMain`: takes what preloads send, with the event object that says who asked. */
import { ElectronEvent, StrictEmitter, strictObject } from './strict.mjs';

class IpcMain extends StrictEmitter {
  static electronName = 'ipcMain';
  static events = 'any';

  #handlers = new Map();

  handle(channel, handler) {
    if (typeof handler !== 'function')
      throw new TypeError(`Expected handler to be a function, but found type '${typeof handler}'`);
    if (this.#handlers.has(channel))
      throw new Error(`Attempted to register a second handler for '${channel}'`);
    this.#handlers.set(channel, handler);
  }

  handleOnce(channel, handler) {
    this.handle(channel, (...parameters) => {
      this.removeHandler(channel);
      return handler(...parameters);
    });
  }

  removeHandler(channel) {
    this.#handlers.delete(channel);
  }

  handlerFor(channel) {
    return this.#handlers.get(channel);
  }
}

export const ipcMain = new IpcMain();

/** A message from a preload; `reply` carries the answer of an invocation back to the frame that asked. */
export async function receiveFromPreload(contents, frame, message, reply) {
  const shared = { sender: contents, senderFrame: frame };
  if (message.kind === 'send') {
    const event = new ElectronEvent({
      ...shared,
      type: 'frame',
      ports: [],
      reply: (channel, ...parameters) => frame.send(channel, ...parameters),
    });
    ipcMain.emit(message.channel, strictObject('IpcMainEvent', event), ...message.parameters);
    return;
  }
  try {
    const handler = ipcMain.handlerFor(message.channel);
    if (!handler) throw new Error(`No handler registered for '${message.channel}'`);
    const event = strictObject('IpcMainInvokeEvent', new ElectronEvent({ ...shared, type: 'frame' }));
    reply({ value: await handler(event, ...message.parameters) });
  } catch (error) {
    reply({ error: `Error invoking remote method '${message.channel}': ${error}` });
  }
}
