import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { readServedFiles, securityHeaders } from '../../../electron/main/app-protocol.ts';

const built = path.resolve(import.meta.dirname, '../../../dist/renderer');

export interface ServedWindow {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the built window on loopback, with the very headers the app sends: its content policy is in force. */
export async function serveWindow(): Promise<ServedWindow> {
  const files = readServedFiles(built);
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    // Chromium asks a server for an icon by itself; the app's own protocol is never asked.
    const missing = request.url === '/favicon.ico' ? 204 : 404;
    response.writeHead(file ? 200 : missing, {
      ...securityHeaders,
      'Content-Type': file?.mediaType ?? 'text/plain',
    });
    response.end(file?.bytes);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/index.html`,
    close: () => new Promise(resolve => server.close(() => resolve())),
  };
}
