/** Chromium's targets: gives new ones to the window that waits for them, closes those nobody asked for. */
import { toExternalAddress } from './protocol.mjs';
import { refuseLater } from './strict.mjs';
import { WebContents } from './web-contents.mjs';

export class Browser {
  #chromium;
  #pipe;
  #awaited = new Map();

  async start(chromium, onExit) {
    this.#chromium = chromium;
    await chromium.start(onExit);
    this.#pipe = chromium.pipe;
    this.#pipe.listen(undefined, (method, parameters) => this.#receive(method, parameters));
    await this.#pipe.send('Target.setDiscoverTargets', { discover: true });
    await this.#pipe.send('Target.setAutoAttach', {
      autoAttach: true,
      waitForDebuggerOnStart: true,
      flatten: true,
    });
  }

  get pipe() {
    return this.#pipe;
  }

  /** Opens a window on `url`, which contains `token`, and attaches the page to it. */
  async openPage(contents, url, token) {
    const attached = new Promise((resolve, reject) =>
      this.#awaited.set(token, { contents, resolve, reject }),
    );
    await this.#chromium.openWindow(url);
    await attached;
  }

  closeTarget(targetId) {
    this.#pipe.send('Target.closeTarget', { targetId }).catch(() => {});
  }

  #receive(method, parameters) {
    switch (method) {
      case 'Target.attachedToTarget':
        this.#attached(parameters);
        return;
      case 'Target.targetDestroyed':
        WebContents.fromDevToolsTargetId(parameters.targetId)?.window.gone();
        return;
    }
  }

  #attached({ sessionId, targetInfo }) {
    const [token, waiting] = [...this.#awaited].find(([key]) => targetInfo.url.includes(key)) ?? [];
    if (waiting?.contents.isDestroyed()) {
      this.#awaited.delete(token);
      this.closeTarget(targetInfo.targetId);
      waiting.resolve();
      return;
    }
    if (waiting) {
      this.#awaited.delete(token);
      waiting.contents.attach(this.#pipe, sessionId, targetInfo).then(waiting.resolve, waiting.reject);
      return;
    }
    if (targetInfo.type === 'page') {
      // Opened by a page (window.open, a link, a form): still paused, so it is closed before it loads anything.
      this.closeTarget(targetInfo.targetId);
      return;
    }
    if (targetInfo.type === 'shared_worker' || targetInfo.type === 'service_worker') {
      // Belongs to no page, so nobody would intercept its requests. It is paused and stays so.
      this.closeTarget(targetInfo.targetId);
      refuseLater(`a ${targetInfo.type} (${toExternalAddress(targetInfo.url)})`);
      return;
    }
    this.#pipe.send('Runtime.runIfWaitingForDebugger', {}, sessionId).catch(() => {});
    this.#pipe.send('Target.detachFromTarget', { sessionId }).catch(() => {});
  }
}
