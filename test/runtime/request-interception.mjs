/** Every request of a window passes here before it goes anywhere: navigation events, webRequest, app://. */
import {
  answerRequest,
  isCustomScheme,
  toExternalAddress,
  toInternalAddress,
  toInternalPolicy,
} from './protocol.mjs';
import { defaultSession, refusedFeatures } from './session.mjs';
import { ElectronEvent } from './strict.mjs';

/** Electron's names of resource types, where they are not simply the protocol's in lower case. */
const resourceTypes = { XHR: 'xhr', Fetch: 'xhr', WebSocket: 'webSocket', CSPViolationReport: 'cspReport' };
let nextRequestNumber = 1;

function resourceType(type, isMainFrame) {
  if (type === 'Document') return isMainFrame ? 'mainFrame' : 'subFrame';
  return resourceTypes[type] ?? type.charAt(0).toLowerCase() + type.slice(1);
}

function requestBody({ hasPostData, postDataEntries }) {
  if (!hasPostData) return undefined;
  return Buffer.concat((postDataEntries ?? []).map(entry => Buffer.from(entry.bytes ?? '', 'base64')));
}

/** Request headers as the app's handler should see them: addresses in its own scheme. */
function externalHeaders(headers) {
  return Object.entries(headers).map(([name, value]) => {
    if (!/^(origin|referer)$/i.test(name)) return [name, value];
    const external = toExternalAddress(value);
    return [name, external];
  });
}

/** Answer headers as Chromium must see them. */
function internalHeaders(headers, isDocument) {
  const list = [];
  for (const [name, value] of headers) {
    if (/^content-security-policy(-report-only)?$/i.test(name))
      list.push({ name, value: toInternalPolicy(value) });
    else if (/^(location|access-control-allow-origin)$/i.test(name))
      list.push({ name, value: toInternalAddress(value) });
    // The body is already decoded and its length may be another one.
    else if (!/^(content-encoding|content-length|transfer-encoding)$/i.test(name)) list.push({ name, value });
  }
  if (isDocument) {
    const given = list.find(({ name }) => /^permissions-policy$/i.test(name));
    const refused = refusedFeatures.map(feature => `${feature}=()`).join(', ');
    // The last mention of a feature counts, so the refusals stand last.
    if (given) given.value += `, ${refused}`;
    else list.push({ name: 'Permissions-Policy', value: refused });
  }
  return list;
}

/** Electron hands webRequest listeners headers as name -> list of values, and takes them back so. */
const groupHeaders = list => {
  const grouped = {};
  for (const [name, value] of list) {
    grouped[name] ??= [];
    grouped[name].push(value);
  }
  return grouped;
};
const ungroupHeaders = grouped =>
  Object.entries(grouped).flatMap(([name, values]) => [values].flat().map(value => [name, value]));

export class RequestInterception {
  #contents;
  #send;

  /** @param send sends a command to the target whose requests these are */
  constructor(contents, send) {
    this.#contents = contents;
    this.#send = send;
  }

  static enable = { patterns: [{ urlPattern: '*', requestStage: 'Request' }] };

  /** Handles one Fetch.requestPaused event. */
  async handle(paused) {
    try {
      if (paused.responseStatusCode !== undefined || paused.responseErrorReason !== undefined)
        await this.#handleAnswer(paused);
      else await this.#handleRequest(paused);
    } catch (error) {
      if (this.#contents.isDestroyed()) return;
      process.stderr.write(
        `stand-in: the request ${toExternalAddress(paused.request.url)} failed: ${error.stack ?? error}\n`,
      );
      await this.#fail(paused, 'Failed').catch(() => {});
    }
  }

  #fail(paused, errorReason) {
    return this.#send('Fetch.failRequest', { requestId: paused.requestId, errorReason });
  }

  #details(paused, url, isMainFrame) {
    return {
      id: nextRequestNumber++,
      url,
      method: paused.request.method,
      webContentsId: this.#contents.id,
      webContents: this.#contents,
      frame: this.#contents.findFrame(paused.frameId) ?? null,
      resourceType: resourceType(paused.resourceType, isMainFrame),
      referrer: toExternalAddress(paused.request.headers.Referer ?? ''),
      timestamp: Date.now(),
    };
  }

  async #handleRequest(paused) {
    const url = toExternalAddress(paused.request.url);
    const isDocument = paused.resourceType === 'Document';
    const isMainFrame = isDocument && paused.frameId === this.#contents.mainFrameId;

    // Chromium asks for /favicon.ico on its own; Electron does not, so the app shall not see it.
    if (
      paused.resourceType === 'Other' &&
      new URL(paused.request.url).pathname === '/favicon.ico' &&
      isCustomScheme(url)
    ) {
      return this.#fail(paused, 'Aborted');
    }
    if (isDocument && !this.#allowNavigation(paused, url, isMainFrame)) return this.#fail(paused, 'Aborted');

    const answer = await defaultSession.beforeRequest.ask(this.#details(paused, url, isMainFrame));
    if (answer.cancel) return this.#fail(paused, 'BlockedByClient');
    if (answer.redirectURL)
      return this.#fulfill(paused, 307, [{ name: 'Location', value: toInternalAddress(answer.redirectURL) }]);

    if (isCustomScheme(url)) return this.#answerFromApplication(paused, url, isMainFrame);
    const interceptResponse = defaultSession.headersReceived.wants(url);
    return this.#send('Fetch.continueRequest', { requestId: paused.requestId, interceptResponse });
  }

  /** Emits the navigation events; false when a listener prevented it. Navigation by the app itself asks nobody. */
  #allowNavigation(paused, url, isMainFrame) {
    const redirected = paused.redirectedRequestId !== undefined;
    if (!redirected && isMainFrame && this.#contents.takeOwnNavigation(paused.request.url)) return true;
    const frame = this.#contents.findFrame(paused.frameId) ?? null;
    // The first load of a subframe is not announced by will-frame-navigate's main-frame sister, only by itself.
    const event = new ElectronEvent({ url, isMainFrame, isSameDocument: false, frame, initiator: frame });
    if (redirected) {
      this.#contents.emit(
        'will-redirect',
        event,
        url,
        false,
        isMainFrame,
        frame?.processId,
        frame?.routingId,
      );
    } else {
      this.#contents.emit('will-frame-navigate', event);
      if (isMainFrame && !event.defaultPrevented)
        this.#contents.emit('will-navigate', event, url, false, true, frame?.processId, frame?.routingId);
    }
    return !event.defaultPrevented;
  }

  async #answerFromApplication(paused, url, isMainFrame) {
    const { request } = paused;
    const response = await answerRequest(url, {
      method: request.method,
      headers: externalHeaders(request.headers),
      body: requestBody(request),
    });
    if (response === undefined || response.type === 'error') return this.#fail(paused, 'Failed');
    const body = Buffer.from(await response.arrayBuffer());
    const changed = await defaultSession.headersReceived.ask({
      ...this.#details(paused, url, isMainFrame),
      statusCode: response.status,
      statusLine: `HTTP/1.1 ${response.status}`,
      responseHeaders: groupHeaders(response.headers),
    });
    if (changed.cancel) return this.#fail(paused, 'BlockedByClient');
    const headers = changed.responseHeaders ? ungroupHeaders(changed.responseHeaders) : [...response.headers];
    return this.#fulfill(
      paused,
      response.status,
      internalHeaders(headers, paused.resourceType === 'Document'),
      body,
    );
  }

  #fulfill(paused, responseCode, responseHeaders, body = Buffer.alloc(0)) {
    return this.#send('Fetch.fulfillRequest', {
      requestId: paused.requestId,
      responseCode,
      responseHeaders,
      body: body.toString('base64'),
    });
  }

  /** The answer of a request that really went out, held because a onHeadersReceived listener wants to see it. */
  async #handleAnswer(paused) {
    const { requestId } = paused;
    if (paused.responseErrorReason !== undefined) return this.#fail(paused, paused.responseErrorReason);
    const isMainFrame = paused.resourceType === 'Document' && paused.frameId === this.#contents.mainFrameId;
    const given = paused.responseHeaders.map(({ name, value }) => [name, value]);
    const changed = await defaultSession.headersReceived.ask({
      ...this.#details(paused, paused.request.url, isMainFrame),
      statusCode: paused.responseStatusCode,
      statusLine: `HTTP/1.1 ${paused.responseStatusCode}`,
      responseHeaders: groupHeaders(given),
    });
    if (changed.cancel) return this.#fail(paused, 'BlockedByClient');
    if (!changed.responseHeaders) return this.#send('Fetch.continueResponse', { requestId });
    const responseHeaders = ungroupHeaders(changed.responseHeaders).map(([name, value]) => ({
      name,
      value: String(value),
    }));
    return this.#send('Fetch.continueResponse', {
      requestId,
      responseCode: paused.responseStatusCode,
      responseHeaders,
    });
  }
}
