/** `WebFrameMain`: a frame of a page, as event.senderFrame and webContents.mainFrame show it. */
import { externalOrigin, toExternalAddress } from './protocol.mjs';
import { StrictEmitter } from './strict.mjs';

let nextRoutingId = 1;

export class WebFrameMain extends StrictEmitter {
  static electronName = 'WebFrameMain';
  static events = new Set();

  #contents;
  #internalUrl = '';
  #securityOrigin;
  parent;
  frames = [];
  name = '';
  detached = false;
  routingId = nextRoutingId++;
  frameTreeNodeId = this.routingId;
  /** The debugging protocol does not show it; -1 is Chromium's own word for an unknown process. */
  processId = -1;

  constructor(contents, parent) {
    super();
    this.#contents = contents;
    this.parent = parent;
    parent?.frames.push(this);
  }

  /** The frame shows another document now. */
  navigated({ url, urlFragment = '', securityOrigin, name = '' }) {
    this.#internalUrl = url + urlFragment;
    this.#securityOrigin = securityOrigin;
    this.name = name;
  }

  /** The address changed within the document. */
  moved(url) {
    this.#internalUrl = url;
  }

  detach() {
    this.detached = true;
    const siblings = this.parent?.frames;
    siblings?.splice(siblings.indexOf(this), 1);
  }

  get url() {
    return toExternalAddress(this.#internalUrl);
  }

  get origin() {
    // '://' is how the protocol writes an opaque origin (sandboxed, data:).
    return this.#securityOrigin === '://' || this.#securityOrigin === undefined
      ? 'null'
      : externalOrigin(this.#securityOrigin);
  }

  get top() {
    return this.parent === null ? this : this.parent.top;
  }

  get framesInSubtree() {
    return [this, ...this.frames.flatMap(frame => frame.framesInSubtree)];
  }

  isDestroyed() {
    return this.detached || this.#contents.isDestroyed();
  }

  send(channel, ...parameters) {
    // Preloads run in main frames only, so nobody would listen elsewhere; Electron drops the message as well.
    if (this.parent === null) this.#contents.send(channel, ...parameters);
  }
}
