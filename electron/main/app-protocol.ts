import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { RootwardError } from '../../shared/contract/errors.ts';

/** The one origin of the window's documents. */
export const scheme = 'app';
export const origin = 'app://rootward';
export const startPage = `${origin}/index.html`;

/**
 * Goes with every answer, found or not.
 *
 * SECURITY: nothing but our own files is a script, a style or a font, nothing is connected to, framed, sent
 * as a form or re-based; no inline script or style; no type is guessed; no other document shares a process
 * or an opener with this one; and no powerful feature of the web platform is left on.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'none'",
    // Without this a worker may be any script of our own, and a service worker would outlive the page.
    "worker-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

export interface ServedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mediaType: string;
}
/** From a URL's path to the file, fixed when the app starts. */
export type ServedFiles = ReadonlyMap<string, ServedFile>;

/**
 * Reads every file below `folder` once. Files of a type that is not in the table above (source maps) are
 * not served.
 */
export function readServedFiles(folder: string): ServedFiles {
  const files = new Map<string, ServedFile>();
  const visit = (place: string, address: string): void => {
    for (const entry of readdirSync(place, { withFileTypes: true })) {
      const entryPath = path.join(place, entry.name);
      const entryAddress = `${address}/${encodeURIComponent(entry.name)}`;
      if (entry.isDirectory()) visit(entryPath, entryAddress);
      const mediaType = mediaTypes[path.extname(entry.name)];
      if (entry.isFile() && mediaType !== undefined)
        files.set(entryAddress, { bytes: new Uint8Array(readFileSync(entryPath)), mediaType });
    }
  };
  try {
    visit(folder, '');
  } catch (cause) {
    throw new RootwardError('file-not-found', {
      message: `The window's files are missing from this installation of Rootward (${folder}).`,
      remedy: 'Install Rootward again, or run `npm run build` in a checkout.',
      cause,
    });
  }
  return files;
}

/**
 * Answers a request of the window for one of its own files.
 *
 * SECURITY: the address is a key of a fixed map and never becomes a path on the disk, so there is nothing to
 * traverse. A query, another host or another method finds nothing.
 */
export function answerFileRequest(files: ServedFiles, request: { method: string; url: string }): Response {
  const prefix = `${origin}/`;
  const address = request.url.startsWith(prefix)
    ? request.url.slice(origin.length).split('#', 1)[0]
    : undefined;
  const file = address === undefined ? undefined : files.get(address);
  if (file === undefined || request.method !== 'GET')
    return new Response('Not found', {
      status: 404,
      headers: { ...securityHeaders, 'Content-Type': 'text/plain; charset=utf-8' },
    });
  return new Response(file.bytes, {
    status: 200,
    headers: { ...securityHeaders, 'Content-Type': file.mediaType },
  });
}
