import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron';
import { channelOf, eventChannel, requestNames, wipeBytes } from '../../shared/contract/request-names.ts';
import type { RequestName, RootwardBridge, RootwardEvent } from '../../shared/contract/requests.ts';

// The one bridge between the window and the rest. SECURITY: it forwards no channel by name: there is one
// function a request, made from the contract's list, and one channel of events. It decides nothing; whatever
// it lets through is checked again on the other side (electron/ipc).

function ask(name: RequestName): (request: unknown) => Promise<unknown> {
  const channel = channelOf(name);
  return request => {
    // Sending serialises at once, so this world's copy of a passphrase can be wiped before the answer comes.
    const outcome = ipcRenderer.invoke(channel, request);
    wipeBytes(request);
    return outcome;
  };
}

function onEvent(listener: (event: RootwardEvent) => void): () => void {
  // The IPC event object, which carries the sender, stays here.
  const forward = (_event: IpcRendererEvent, value: RootwardEvent): void => listener(value);
  ipcRenderer.on(eventChannel, forward);
  return () => {
    ipcRenderer.removeListener(eventChannel, forward);
  };
}

const bridge = Object.freeze({
  ...Object.fromEntries(requestNames.map(name => [name, ask(name)])),
  onEvent,
}) as unknown as RootwardBridge;

contextBridge.exposeInMainWorld('rootward', bridge);
