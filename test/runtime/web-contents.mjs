/** `webContents`: one page in a window, as one target of the debugging protocol. */
import { readFileSync } from 'node:fs';
import { applyAppearance } from './appearance.mjs';
import { receiveFromPreload } from './ipc.mjs';
import { makeCrossWorldLink } from './page/cross-world-link.mjs';
import { runInPageWorld } from './page/page-world.mjs';
import { runInPreloadWorld } from './page/preload-world.mjs';
import { pdfParameters } from './print.mjs';
import { toExternalAddress, toInternalAddress } from './protocol.mjs';
import { RequestInterception } from './request-interception.mjs';
import { defaultSession } from './session.mjs';
import { checkOptions, ElectronEvent, refuse, refuseLater, StrictEmitter, strictObject } from './strict.mjs';
import { decode, encode, makeValueCodec } from './structured-values.mjs';
import { WebFrameMain } from './web-frame.mjs';

export const preloadWorldName = 'stand-in preload';
/** What a window shows before its first load; the scripts of the stand-in leave it alone. */
export const initialPage = 'data:text/html;charset=utf-8,<!--stand-in-';

const bindingName = '__standInSend';
const receiverName = '__standInReceive';
const consoleLevels = {
  warning: 'warning',
  error: 'error',
  assert: 'error',
  debug: 'debug',
  verbose: 'debug',
};
/** Chromium's numbers for the load errors it names; others get ERR_FAILED's. */
const errorCodes = {
  ERR_FAILED: -2,
  ERR_ABORTED: -3,
  ERR_FILE_NOT_FOUND: -6,
  ERR_BLOCKED_BY_CLIENT: -20,
  ERR_BLOCKED_BY_RESPONSE: -27,
  ERR_CONNECTION_REFUSED: -102,
  ERR_NAME_NOT_RESOLVED: -105,
  ERR_INTERNET_DISCONNECTED: -106,
  ERR_INVALID_URL: -300,
  ERR_UNKNOWN_URL_SCHEME: -302,
};

/** Every living page, by id. */
const living = new Map();
let nextId = 1;

export class WebContents extends StrictEmitter {
  static electronName = 'webContents';
  static events = new Set([
    'console-message',
    'destroyed',
    'did-fail-load',
    'did-finish-load',
    'did-frame-navigate',
    'did-navigate',
    'did-navigate-in-page',
    'did-start-loading',
    'did-stop-loading',
    'dom-ready',
    'page-title-updated',
    'render-process-gone',
    'will-frame-navigate',
    'will-navigate',
    'will-prevent-unload',
    'will-redirect',
    'did-create-window',
    'ipc-message',
  ]);

  id = nextId++;
  session = defaultSession;
  mainFrame = new WebFrameMain(this, null);
  mainFrameId = undefined;

  #window;
  #preferences;
  #pipe;
  #sessionId;
  #targetId;
  #attached;
  #resolveAttached;
  #frames = new Map();
  #contexts = new Map();
  #ownNavigations = [];
  #intercepted = new Set();
  #statuses = new Map();
  #loadWaiters = [];
  #windowOpenHandler = null;
  #destroyed = false;
  #title = '';
  #loading = false;

  constructor(window, preferences) {
    super();
    this.#window = window;
    this.#preferences = preferences;
    this.#attached = new Promise(resolve => {
      this.#resolveAttached = resolve;
    });
    living.set(this.id, this);
  }

  static fromId(id) {
    return living.get(id);
  }

  static fromDevToolsTargetId(targetId) {
    return [...living.values()].find(contents => contents.#targetId === targetId);
  }

  static getAllWebContents() {
    return [...living.values()];
  }

  static getFocusedWebContents() {
    refuse('webContents.getFocusedWebContents');
  }

  get window() {
    return this.#window;
  }

  get targetId() {
    return this.#targetId;
  }

  /** Takes over a target that waits for the debugger: everything is set up before its first document. */
  async attach(pipe, sessionId, targetInfo) {
    this.#pipe = pipe;
    this.#sessionId = sessionId;
    this.#targetId = targetInfo.targetId;
    // A page's main frame bears the number of its target.
    this.mainFrameId = targetInfo.targetId;
    this.#frames.set(this.mainFrameId, this.mainFrame);
    const interception = new RequestInterception(this, (method, parameters) =>
      pipe.send(method, parameters, sessionId),
    );
    pipe.listen(sessionId, (method, parameters) => this.#receive(interception, method, parameters));

    const settings = {
      handshakeName: `stand-in-${crypto.randomUUID()}`,
      initialPage,
      bindingName,
      receiverName,
      platform: process.platform,
      arch: process.arch,
      versions: { ...process.versions },
      additionalArguments: this.#preferences.additionalArguments ?? [],
    };
    const preload =
      this.#preferences.preload === undefined ? '' : readFileSync(this.#preferences.preload, 'utf8');
    const json = JSON.stringify(settings);
    const pageScript = `(${runInPageWorld})(${json}, ${makeCrossWorldLink});`;
    const preloadScript = `(${runInPreloadWorld})(${json}, ${makeValueCodec}, ${makeCrossWorldLink}, function (require, process, module, exports) {${preload}\n});`;

    // Sent without waiting for each: the target answers some of them only once it runs, and it starts to run
    // with the last one.
    await Promise.all([
      this.#command('Page.enable'),
      this.#command('Runtime.enable'),
      this.#command('Log.enable'),
      // Told what happens, but to keep no bodies.
      this.#command('Network.enable', { maxTotalBufferSize: 0, maxResourceBufferSize: 0 }),
      this.#command('Fetch.enable', RequestInterception.enable),
      this.#command('Page.setLifecycleEventsEnabled', { enabled: true }),
      this.#command('Target.setAutoAttach', {
        autoAttach: true,
        waitForDebuggerOnStart: true,
        flatten: true,
      }),
      this.#command('Runtime.addBinding', { name: bindingName, executionContextName: preloadWorldName }),
      this.#command('Page.addScriptToEvaluateOnNewDocument', { source: pageScript }),
      this.#command('Page.addScriptToEvaluateOnNewDocument', {
        source: preloadScript,
        worldName: preloadWorldName,
      }),
      applyAppearance(this),
      this.#command('Runtime.runIfWaitingForDebugger'),
    ]);
    this.#resolveAttached();
  }

  #command(method, parameters = {}) {
    return this.#pipe.send(method, parameters, this.#sessionId);
  }

  /** Sends a command at once; a window that does not exist yet gets the same setting when it is attached. */
  async commandNow(method, parameters) {
    if (this.#pipe !== undefined && !this.#destroyed) await this.#command(method, parameters);
  }

  /** Sends a command of the debugging protocol once the window exists. */
  async command(method, parameters) {
    await this.#attached;
    if (this.#destroyed) throw new Error('Object has been destroyed');
    return this.#command(method, parameters);
  }

  findFrame(frameId) {
    return this.#frames.get(frameId);
  }

  // --- what Chromium reports ------------------------------------------------------------------------------

  #receive(interception, method, parameters) {
    switch (method) {
      case 'Fetch.requestPaused':
        if (parameters.resourceType === 'Document') this.#intercepted.add(parameters.request.url);
        interception.handle(parameters);
        return;
      case 'Target.attachedToTarget':
        this.#attachChild(parameters);
        return;
      case 'Runtime.executionContextCreated':
        this.#contexts.set(parameters.context.id, parameters.context);
        return;
      case 'Runtime.executionContextDestroyed':
        this.#contexts.delete(parameters.executionContextId);
        return;
      case 'Runtime.executionContextsCleared':
        this.#contexts.clear();
        return;
      case 'Runtime.bindingCalled':
        if (parameters.name === bindingName) this.#receiveFromPreload(parameters);
        return;
      case 'Runtime.consoleAPICalled':
        this.#reportConsole(
          parameters.type,
          parameters.args
            .map(argument => String(argument.value ?? argument.description ?? argument.type))
            .join(' '),
          parameters.stackTrace?.callFrames[0],
        );
        return;
      case 'Runtime.exceptionThrown':
        this.#reportException(parameters.exceptionDetails);
        return;
      case 'Log.entryAdded':
        this.#reportConsole(parameters.entry.level, parameters.entry.text, {
          url: parameters.entry.url ?? '',
          lineNumber: parameters.entry.lineNumber ?? 0,
        });
        return;
      case 'Page.frameAttached':
        this.#frames.set(
          parameters.frameId,
          new WebFrameMain(this, this.#frames.get(parameters.parentFrameId) ?? this.mainFrame),
        );
        return;
      case 'Page.frameDetached':
        // 'swap' means that the frame goes on in another process.
        if (parameters.reason === 'swap') return;
        this.#frames.get(parameters.frameId)?.detach();
        this.#frames.delete(parameters.frameId);
        return;
      case 'Page.frameNavigated':
        this.#navigated(parameters.frame);
        return;
      case 'Page.navigatedWithinDocument': {
        const frame = this.#frames.get(parameters.frameId);
        frame?.moved(parameters.url);
        this.emit(
          'did-navigate-in-page',
          new ElectronEvent(),
          toExternalAddress(parameters.url),
          frame === this.mainFrame,
          frame?.processId,
          frame?.routingId,
        );
        return;
      }
      case 'Page.frameStartedLoading':
        if (parameters.frameId !== this.mainFrameId) return;
        this.#loading = true;
        this.emit('did-start-loading', new ElectronEvent());
        return;
      case 'Page.frameStoppedLoading':
        if (parameters.frameId !== this.mainFrameId) return;
        this.#loading = false;
        this.emit('did-stop-loading', new ElectronEvent());
        return;
      case 'Page.domContentEventFired':
        if (this.#showsDocument()) this.emit('dom-ready', new ElectronEvent());
        return;
      case 'Page.loadEventFired':
        if (this.#showsDocument()) this.#finished();
        return;
      case 'Page.lifecycleEvent':
        if (
          parameters.name === 'firstPaint' &&
          parameters.frameId === this.mainFrameId &&
          this.#showsDocument()
        )
          this.#window.painted();
        return;
      case 'Page.windowOpen':
        this.#askWindowOpen({ ...parameters, features: parameters.windowFeatures.join(',') });
        return;
      case 'Page.javascriptDialogOpening':
        if (parameters.type === 'beforeunload') this.#askUnload();
        return;
      case 'Network.responseReceived':
        if (parameters.type === 'Document') this.#statuses.set(parameters.loaderId, parameters.response);
        return;
      case 'Network.webSocketCreated':
        this.#checkWebSocket(parameters.url);
        return;
      case 'Inspector.targetCrashed':
        this.emit('render-process-gone', new ElectronEvent(), { reason: 'crashed', exitCode: 5 });
        return;
    }
  }

  /** Frames of other sites and workers are targets of their own; their requests are intercepted the same way. */
  #attachChild({ sessionId, targetInfo }) {
    const send = (method, parameters = {}) => this.#pipe.send(method, parameters, sessionId);
    // A child may be gone before its commands arrive.
    const quietly = promise =>
      promise.catch(error => {
        if (!/Session with given id not found|Chromium is gone|closed/.test(error.message))
          refuseLater(`a child target (${targetInfo.type})`, error.message);
      });
    if (targetInfo.type === 'iframe') {
      const childInterception = new RequestInterception(this, send);
      this.#pipe.listen(sessionId, (method, parameters) =>
        this.#receive(childInterception, method, parameters),
      );
      for (const method of ['Page.enable', 'Network.enable']) quietly(send(method));
      quietly(send('Fetch.enable', RequestInterception.enable));
      quietly(
        send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true }),
      );
    } else if (targetInfo.type !== 'worker') {
      refuseLater(`a ${targetInfo.type}`, 'its requests cannot be intercepted');
      return;
    }
    // A worker's requests are paused in the session of its page.
    quietly(send('Runtime.runIfWaitingForDebugger'));
  }

  #showsDocument() {
    return !this.mainFrame.url.startsWith(initialPage) && !this.mainFrame.url.startsWith('chrome-error:');
  }

  #navigated(frame) {
    const isMainFrame = frame.parentId === undefined;
    let shown = this.#frames.get(frame.id);
    if (shown === undefined) {
      shown = new WebFrameMain(this, this.#frames.get(frame.parentId) ?? this.mainFrame);
      this.#frames.set(frame.id, shown);
    }
    shown.navigated(frame);
    // Documents without a request have no status; Electron says -1 then.
    const { status = -1, statusText = '' } = this.#statuses.get(frame.loaderId) ?? {};
    this.#statuses.delete(frame.loaderId);
    if (isMainFrame && this.#showsDocument()) {
      this.#checkUnseenNavigation(frame);
      this.emit('did-navigate', new ElectronEvent(), shown.url, status, statusText);
    }
    if (!shown.url.startsWith(initialPage))
      this.emit(
        'did-frame-navigate',
        new ElectronEvent(),
        shown.url,
        status,
        statusText,
        isMainFrame,
        shown.processId,
        shown.routingId,
      );
  }

  /** Documents without a request (about:blank, blob:) pass by the interception: too late to prevent, so say so. */
  #checkUnseenNavigation(frame) {
    if (
      this.#intercepted.delete(frame.url) ||
      /^(https?|file):/.test(frame.url) ||
      this.takeOwnNavigation(frame.url)
    )
      return;
    const event = new ElectronEvent({
      url: frame.url,
      isMainFrame: true,
      isSameDocument: false,
      frame: this.mainFrame,
      initiator: this.mainFrame,
    });
    this.emit('will-frame-navigate', event);
    this.emit(
      'will-navigate',
      event,
      frame.url,
      false,
      true,
      this.mainFrame.processId,
      this.mainFrame.routingId,
    );
    if (event.defaultPrevented) refuseLater(`preventing a navigation to ${frame.url}`);
  }

  #finished() {
    this.#window.painted();
    this.emit('did-finish-load', new ElectronEvent());
    for (const { resolve } of this.#loadWaiters.splice(0)) resolve();
  }

  #failed(errorText, url) {
    const description = errorText.replace(/^net::/, '');
    const code = errorCodes[description] ?? errorCodes.ERR_FAILED;
    this.emit(
      'did-fail-load',
      new ElectronEvent(),
      code,
      description,
      url,
      true,
      this.mainFrame.processId,
      this.mainFrame.routingId,
    );
    this.#loadWaiters.splice(0);
    return Object.assign(new Error(`${description} (${code}) loading '${url}'`), {
      errno: code,
      code: description,
      url,
    });
  }

  #reportConsole(type, message, place = { url: '', lineNumber: 0 }) {
    const details = {
      level: consoleLevels[type] ?? 'info',
      message,
      lineNumber: place.lineNumber,
      sourceId: toExternalAddress(place.url ?? ''),
      frame: this.mainFrame,
    };
    this.emit(
      'console-message',
      new ElectronEvent(details),
      ['debug', 'info', 'warning', 'error'].indexOf(details.level),
      message,
      details.lineNumber,
      details.sourceId,
    );
  }

  #reportException(details) {
    const text = details.exception?.description ?? details.text;
    if (this.#contexts.get(details.executionContextId)?.name === preloadWorldName)
      process.stderr.write(`stand-in: in the preload: ${text}\n`);
    this.#reportConsole('error', `Uncaught ${text}`, { url: details.url, lineNumber: details.lineNumber });
  }

  #askWindowOpen({ url, windowName, features }) {
    const details = {
      url: toExternalAddress(url),
      frameName: windowName,
      features,
      disposition: 'foreground-tab',
      referrer: { url: this.getURL(), policy: 'strict-origin-when-cross-origin' },
    };
    const answer = this.#windowOpenHandler?.(details);
    if (answer?.action !== 'deny') {
      refuseLater(
        `opening a window from a page (${details.url})`,
        "setWindowOpenHandler must answer { action: 'deny' }",
      );
    }
  }

  /** A page that wants to keep its window: Electron cancels the close without asking the person. */
  #askUnload() {
    const event = new ElectronEvent();
    this.emit('will-prevent-unload', event);
    if (!event.defaultPrevented) this.#window.kept();
    this.#command('Page.handleJavaScriptDialog', { accept: event.defaultPrevented }).catch(() => {});
  }

  async #checkWebSocket(url) {
    const answer = await this.session.beforeRequest.ask({
      id: 0,
      url,
      method: 'GET',
      resourceType: 'webSocket',
      webContentsId: this.id,
      webContents: this,
      frame: this.mainFrame,
      referrer: '',
      timestamp: Date.now(),
    });
    if (answer.cancel)
      refuseLater(
        `cancelling a WebSocket (${url})`,
        'request interception does not reach WebSockets; forbid them by CSP',
      );
  }

  // --- messages ---------------------------------------------------------------------------------------------

  #receiveFromPreload({ executionContextId, payload }) {
    const frame = this.#frames.get(this.#contexts.get(executionContextId)?.auxData?.frameId);
    if (frame === undefined) return;
    const message = decode(payload);
    const reply = content => {
      let text;
      try {
        text = encode({ kind: 'reply', number: message.number, ...content });
      } catch (error) {
        text = encode({
          kind: 'reply',
          number: message.number,
          error: `Error invoking remote method '${message.channel}': ${error}`,
        });
      }
      this.#deliver(executionContextId, text);
    };
    if (message.kind === 'title') {
      this.#titleChanged(message.title);
      return;
    }
    if (message.kind === 'openWindow') {
      this.#askWindowOpen(message.wish);
      return;
    }
    if (message.kind === 'permission') {
      this.session.decidePermission(this, message.question).then(
        () => reply({}),
        error => reply({ error: String(error) }),
      );
      return;
    }
    receiveFromPreload(this, frame, message, reply);
  }

  #deliver(executionContextId, text) {
    // The document may be gone by now, and with it whoever waited for the message.
    this.#command('Runtime.callFunctionOn', {
      executionContextId,
      functionDeclaration: `text => globalThis.${receiverName}(text)`,
      arguments: [{ value: text }],
    })
      .then(
        ({ exceptionDetails }) =>
          exceptionDetails && this.#reportException({ ...exceptionDetails, executionContextId }),
      )
      .catch(() => {});
  }

  send(channel, ...parameters) {
    const text = encode({ kind: 'message', channel, parameters });
    for (const [id, context] of this.#contexts) {
      if (context.name === preloadWorldName && context.auxData?.frameId === this.mainFrameId)
        this.#deliver(id, text);
    }
  }

  // --- Electron's methods ---------------------------------------------------------------------------------

  async loadURL(address, options) {
    checkOptions('loadURL', options, new Set());
    await this.#attached;
    const finished = new Promise((resolve, reject) => this.#loadWaiters.push({ resolve, reject }));
    const url = toInternalAddress(address);
    this.#ownNavigations.push(url);
    const { errorText } = await this.#command('Page.navigate', { url });
    if (errorText) {
      this.takeOwnNavigation(url);
      throw this.#failed(errorText, address);
    }
    await finished;
  }

  /** Was this document request started by the app itself? Then no navigation event is due. */
  takeOwnNavigation(url) {
    const position = this.#ownNavigations.findIndex(own => own === url || own.split('#')[0] === url);
    if (position !== -1) this.#ownNavigations.splice(position, 1);
    return position !== -1;
  }

  reload() {
    this.#ownNavigations.push(toInternalAddress(this.getURL()).split('#')[0]);
    this.command('Page.reload').catch(() => {});
  }

  getURL() {
    const { url } = this.mainFrame;
    return url.startsWith(initialPage) ? '' : url;
  }

  getTitle() {
    return this.#title;
  }

  #titleChanged(title) {
    if (title === this.#title || title === '') return;
    this.#title = title;
    const event = new ElectronEvent();
    this.emit('page-title-updated', event, title, true);
    this.#window.emit('page-title-updated', new ElectronEvent(), title, true);
  }

  isLoading() {
    return this.#loading;
  }

  isDestroyed() {
    return this.#destroyed;
  }

  isCrashed() {
    refuse('webContents.isCrashed');
  }

  getType() {
    return 'window';
  }

  getOwnerBrowserWindow() {
    return this.#window;
  }

  async executeJavaScript(code, userGesture = false) {
    const { result, exceptionDetails } = await this.command('Runtime.evaluate', {
      expression: code,
      awaitPromise: true,
      userGesture,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    if (result.objectId === undefined)
      return result.unserializableValue === undefined ? result.value : this.#primitive(result);
    const encoded = await this.command('Runtime.callFunctionOn', {
      objectId: result.objectId,
      functionDeclaration: `function () { return (${makeValueCodec})().encode(this); }`,
      returnByValue: true,
    });
    if (encoded.exceptionDetails) throw new Error('An object could not be cloned.');
    return decode(encoded.result.value);
  }

  #primitive({ type, unserializableValue }) {
    return type === 'bigint' ? BigInt(unserializableValue.slice(0, -1)) : Number(unserializableValue);
  }

  setWindowOpenHandler(handler) {
    this.#windowOpenHandler = handler;
  }

  async printToPDF(options = {}) {
    const { data } = await this.command('Page.printToPDF', pdfParameters(options));
    return Buffer.from(data, 'base64');
  }

  print() {
    refuse('webContents.print', 'printToPDF works');
  }

  async capturePage(rectangle) {
    if (rectangle !== undefined) refuse('capturePage of a part');
    const { data } = await this.command('Page.captureScreenshot', { format: 'png' });
    const png = Buffer.from(data, 'base64');
    return strictObject('NativeImage', {
      toPNG: () => Buffer.from(png),
      isEmpty: () => false,
      getSize: () => ({ width: png.readUInt32BE(16), height: png.readUInt32BE(20) }),
    });
  }

  focus() {
    this.command('Page.bringToFront').catch(() => {});
  }

  setWebRTCIPHandlingPolicy(policy) {
    if (policy !== 'disable_non_proxied_udp') refuse(`the WebRTC policy ${policy}`);
  }

  getWebRTCIPHandlingPolicy() {
    return 'disable_non_proxied_udp';
  }

  setZoomFactor(factor) {
    if (factor !== 1) refuse('a zoom factor other than 1');
  }

  getZoomFactor() {
    return 1;
  }

  async setVisualZoomLevelLimits(minimum, maximum) {
    if (minimum !== 1 || maximum !== 1) refuse('visual zoom');
  }

  openDevTools() {
    refuse('webContents.openDevTools');
  }

  closeDevTools() {}

  isDevToolsOpened() {
    return false;
  }

  close(options = {}) {
    checkOptions('webContents.close', options, new Set(['waitForBeforeUnload']));
    // Like Electron's, this does not ask the window's 'close' listeners.
    if (options.waitForBeforeUnload) this.command('Page.close').catch(() => {});
    else this.#window.destroy();
  }

  /** Called by the window when the target is gone. */
  destroyed() {
    if (this.#destroyed) return;
    this.#destroyed = true;
    living.delete(this.id);
    if (this.#sessionId !== undefined) this.#pipe.forget(this.#sessionId);
    this.#resolveAttached();
    for (const { reject } of this.#loadWaiters.splice(0))
      reject(new Error('ERR_FAILED (-2): the window was closed while loading'));
    this.emit('destroyed', new ElectronEvent());
  }
}
