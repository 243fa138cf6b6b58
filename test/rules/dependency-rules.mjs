// Checks who may import whom (ARCHITECTURE.md, "Dependency rules"). An unclassified folder, package or
// builtin is an error: whoever adds one decides here, in the open, where it may be used.
//   node test/rules/dependency-rules.mjs [FOLDER]     FOLDER: a checkout; this one unless told
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Reaching a network: nobody may. `fetch` and `WebSocket` are globals and are looked for as names. */
const networkModules = new Set([
  'http',
  'https',
  'http2',
  'net',
  'tls',
  'dgram',
  'dns',
  'inspector',
  'cluster',
]);
const reaches = 'fetch|WebSocket|EventSource|XMLHttpRequest|WebTransport|RTCPeerConnection|sendBeacon';
const networkGlobals = [
  // Called, made, or handed on by its bare name.
  new RegExp(`(?<![\\w.$'"\`-])(${reaches})\\s*\\(`),
  new RegExp(`[=(,:?]\\s*(${reaches})\\s*[;,)\\n]`),
  new RegExp(`\\bnew\\s+[\\w.]*\\b(${reaches}|Image|Audio)\\b`),
  // By way of an object that has it.
  new RegExp(
    `\\b(?:globalThis|global|window|self|navigator)\\s*(?:\\?\\.|\\.|\\[\\s*['"\`])\\s*(${reaches}|Image|Audio)\\b`,
  ),
  // Ways to a builtin that no import shows.
  /\b(getBuiltinModule|createRequire)\b/,
];

const pure = ['zod', '@noble/curves', '@noble/hashes', '@scure/base', '@scure/bip39'];
const uiLibraries = [
  'react',
  'react-dom',
  'react-aria-components',
  'zustand',
  '@zxcvbn-ts/core',
  '@zxcvbn-ts/language-common',
  '@zxcvbn-ts/language-en',
  '@fontsource-variable/inter',
  '@fontsource-variable/jetbrains-mono',
  'qr',
  'vite',
];

/**
 * One row a layer. `layers`: the other layers it may import (itself always). `packages`: npm packages.
 * `node`: whether node: builtins may be imported. The longest matching folder wins.
 */
const layers = [
  {
    name: 'shared',
    folder: 'shared/',
    layers: [],
    packages: pure,
    node: false,
    why: 'pure and deterministic',
  },
  {
    name: 'renderer',
    folder: 'renderer/',
    layers: ['shared'],
    packages: uiLibraries,
    node: false,
    why: 'draws; holds no secret',
  },
  {
    name: 'main',
    folder: 'electron/main/',
    layers: ['shared', 'ipc', 'media', 'platform'],
    packages: ['electron'],
    node: true,
    why: 'the shell',
  },
  {
    name: 'preload',
    folder: 'electron/preload/',
    layers: ['shared'],
    packages: ['electron'],
    node: false,
    why: 'the one bridge',
  },
  {
    name: 'ipc',
    folder: 'electron/ipc/',
    layers: ['shared'],
    packages: ['electron'],
    node: true,
    why: 'sender and schema checks',
  },
  {
    name: 'custodian',
    folder: 'electron/custodian/',
    layers: ['shared', 'vault', 'signers', 'media', 'platform'],
    packages: [...pure],
    node: true,
    why: 'may see secrets',
  },
  {
    name: 'vault',
    folder: 'electron/vault/',
    layers: ['shared', 'platform'],
    packages: [...pure, 'age-encryption'],
    node: true,
    why: 'files on disk; may see secrets',
  },
  {
    name: 'signers',
    folder: 'electron/signers/',
    layers: ['shared', 'platform'],
    // The native ones are loaded lazily: the app starts and works without them.
    packages: [...pure, 'usb', '@ledgerhq/hw-transport-node-hid', 'pkcs11js'],
    node: true,
    why: 'custody; may see secrets',
  },
  {
    name: 'media',
    folder: 'electron/media/',
    layers: ['shared', 'platform'],
    packages: [],
    node: true,
    why: 'removable media',
  },
  {
    name: 'platform',
    folder: 'electron/platform/',
    layers: ['shared'],
    packages: [],
    node: true,
    why: 'what this machine is: network, devices, durable files',
  },
  {
    name: 'cli',
    folder: 'electron/cli/',
    layers: ['shared', 'custodian', 'platform'],
    packages: ['zod'],
    node: true,
    why: 'the custodian without a window',
  },
];
/** Builtins nobody under electron/ needs a network for; all others must be added here to be used. */
const allowedBuiltins = new Set([
  'assert',
  'buffer',
  'child_process',
  'crypto',
  'fs',
  'fs/promises',
  'os',
  'path',
  'process',
  'stream',
  'url',
  'util',
  'timers/promises',
  'worker_threads',
  'perf_hooks',
  'readline',
  'tty',
  'string_decoder',
  'events',
  'module',
]);
/** child_process is for the shell that starts the custodian only. */
const builtinLayers = { child_process: ['main'], worker_threads: ['vault', 'signers'] };

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s+(?:type\s+)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|(?<![\w.])(?:import|require)\(\s*['"`]([^'"`]+)['"`]/g;

/** @returns {string[]} every source file below `folder`, as paths from `top` with forward slashes. */
function sourceFiles(top, folder) {
  const place = path.join(top, folder);
  if (!statSync(place, { throwIfNoEntry: false })) return [];
  return readdirSync(place, { withFileTypes: true }).flatMap(entry => {
    const name = `${folder}${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sourceFiles(top, `${name}/`);
    return /\.(ts|tsx|mts|cts|js|mjs|cjs|jsx)$/.test(entry.name) ? [name] : [];
  });
}

const packageName = specifier =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
const withoutComments = text => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/[^\n]*/g, '$1');
const layerOf = file =>
  layers.filter(layer => file.startsWith(layer.folder)).sort((a, b) => b.folder.length - a.folder.length)[0];

/**
 * @param {string} top a checkout's folder
 * @returns {string[]} one line a breach, empty when the rules hold
 */
export function breaches(top) {
  const found = [];
  for (const file of ['shared/', 'electron/', 'renderer/'].flatMap(folder => sourceFiles(top, folder))) {
    const layer = layerOf(file);
    const breach = what => found.push(`${file}: ${what}`);
    if (!layer) {
      breach('stands in a folder no layer is defined for (test/rules/dependency-rules.mjs)');
      continue;
    }
    const text = withoutComments(readFileSync(path.join(top, file), 'utf8'));
    const global = networkGlobals.map(pattern => pattern.exec(text)).find(Boolean);
    if (global) breach(`uses ${global[1]}: no code path may reach a network`);
    for (const match of text.matchAll(importPattern)) {
      const specifier = match[1] ?? match[2];
      if (specifier.startsWith('.')) {
        const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier));
        if (target.startsWith('assets/')) continue;
        const targetLayer = layerOf(target);
        if (!targetLayer) breach(`imports ${specifier}, which is in no layer`);
        else if (targetLayer !== layer && !layer.layers.includes(targetLayer.name))
          breach(`layer ${layer.name} may not import layer ${targetLayer.name} (${specifier})`);
        continue;
      }
      const bare = specifier.replace(/^node:/, '');
      if (specifier.startsWith('node:') || builtinModules.includes(bare)) {
        if (networkModules.has(bare.split('/')[0]))
          breach(`imports ${specifier}: no module may reach a network`);
        else if (!layer.node) breach(`layer ${layer.name} may not import ${specifier}: it runs without Node`);
        else if (!allowedBuiltins.has(bare)) breach(`imports ${specifier}, a builtin nobody classified`);
        else if (builtinLayers[bare] && !builtinLayers[bare].includes(layer.name))
          breach(`layer ${layer.name} may not import ${specifier}`);
        continue;
      }
      if (!layer.packages.includes(packageName(specifier)))
        breach(
          `layer ${layer.name} may not import package ${packageName(specifier)} (not classified for it)`,
        );
    }
  }
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const top = process.argv[2] ?? path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
  const found = breaches(top);
  for (const line of found) console.error(line);
  if (found.length > 0) process.exit(1);
  console.log('dependency rules: kept');
}
