/** The dependency check can fail: a small tree for each kind of breach, and this checkout, which has none. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, 'dependency-rules.mjs');
const checkout = join(import.meta.dirname, '../..');
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Files that keep every rule, so that each test adds exactly one breach. */
const sound: Readonly<Record<string, string>> = {
  'shared/tuf/a.ts': "import { z } from 'zod';\nimport { b } from './b.ts';\nexport const a = [z, b];\n",
  'shared/tuf/b.ts': "import { sha256 } from '@noble/hashes/sha2.js';\nexport const b = sha256;\n",
  'electron/main/shell.ts':
    "import { app } from 'electron';\nimport { spawn } from 'node:child_process';\nimport '../ipc/border.ts';\n",
  'electron/ipc/border.ts':
    "import type { WebContents } from 'electron';\nimport { a } from '../../shared/tuf/a.ts';\n",
  'electron/preload/bridge.ts': "import { contextBridge } from 'electron';\n",
  'electron/custodian/sign.ts':
    "import '../vault/files.ts';\nimport '../signers/software.ts';\nimport '../media/list.ts';\n",
  'electron/vault/files.ts':
    "import { Encrypter } from 'age-encryption';\nimport fs from 'node:fs/promises';\n",
  'electron/signers/software.ts': "import { createHash } from 'node:crypto';\n",
  'electron/media/list.ts': "import '../platform/disk.ts';\n",
  'electron/platform/disk.ts': "import os from 'node:os';\n",
  'electron/cli/rootward.ts': "import '../custodian/sign.ts';\n",
  'renderer/src/home.tsx': "import React from 'react';\nimport { a } from '../../shared/tuf/a.ts';\n",
};

function check(files: Readonly<Record<string, string>>): { code: number | null; lines: string[] } {
  const top = mkdtempSync(join(tmpdir(), 'rootward-rules-'));
  folders.push(top);
  for (const [name, content] of Object.entries({ ...sound, ...files })) {
    mkdirSync(join(top, dirname(name)), { recursive: true });
    writeFileSync(join(top, name), content);
  }
  const { status, stderr } = spawnSync(process.execPath, [program, top], { encoding: 'utf8' });
  return { code: status, lines: stderr.split('\n').filter(line => line !== '') };
}

describe('the dependency check', () => {
  it('finds nothing in a tree that keeps the rules, nor in this checkout', () => {
    expect(check({})).toEqual({ code: 0, lines: [] });
    const result = spawnSync(process.execPath, [program, checkout], { encoding: 'utf8' });
    expect([result.stderr, result.status]).toEqual(['', 0]);
  });

  it('finds a breach where this checkout’s own files are copied and one line is added', () => {
    const top = mkdtempSync(join(tmpdir(), 'rootward-rules-'));
    folders.push(top);
    for (const folder of ['shared', 'electron', 'renderer'])
      cpSync(join(checkout, folder), join(top, folder), { recursive: true });
    writeFileSync(join(top, 'shared/tuf/added.ts'), "import fs from 'node:fs';\n");
    const { status, stderr } = spawnSync(process.execPath, [program, top], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      1,
      'shared/tuf/added.ts: layer shared may not import node:fs: it runs without Node\n',
    ]);
  });

  const file = {
    shared: 'shared/tuf/new.ts',
    renderer: 'renderer/src/new.tsx',
    vault: 'electron/vault/new.ts',
    custodian: 'electron/custodian/new.ts',
    main: 'electron/main/new.ts',
    signers: 'electron/signers/new.ts',
    cli: 'electron/cli/new.ts',
    preload: 'electron/preload/new.ts',
  };
  it.each([
    // Layers
    [
      'shared imports the custodian',
      file.shared,
      "import '../../electron/custodian/sign.ts';",
      /may not import layer custodian/,
    ],
    [
      'the renderer imports electron/',
      file.renderer,
      "import { x } from '../../electron/main/shell.ts';",
      /may not import layer main/,
    ],
    [
      'the renderer imports the vault',
      file.renderer,
      "export { x } from '../../electron/vault/files.ts';",
      /may not import layer vault/,
    ],
    [
      'the vault imports the custodian',
      file.vault,
      "import '../custodian/sign.ts';",
      /may not import layer custodian/,
    ],
    ['the shell imports the vault', file.main, "import '../vault/files.ts';", /may not import layer vault/],
    [
      'a type crosses a layer',
      file.shared,
      "import type { X } from '../../electron/vault/files.ts';",
      /may not import layer vault/,
    ],
    [
      'it is imported when it is needed',
      file.renderer,
      "const x = await import('../../electron/vault/files.ts');",
      /may not import layer vault/,
    ],
    [
      'it is required',
      file.renderer,
      "const x = require('../../electron/vault/files.ts');",
      /may not import layer vault/,
    ],
    ['a test is imported', file.custodian, "import '../../test/unit/errors.ts';", /in no layer/],
    // Packages
    ['an unclassified package', file.shared, "import x from 'left-pad';", /may not import package left-pad/],
    [
      'an unclassified package with a scope',
      file.vault,
      "import x from '@scope/name/deep.js';",
      /may not import package @scope\/name/,
    ],
    ['React in shared', file.shared, "import React from 'react';", /may not import package react/],
    [
      'age in the renderer',
      file.renderer,
      "import { Encrypter } from 'age-encryption';",
      /may not import package age-encryption/,
    ],
    [
      'Electron in the custodian',
      file.custodian,
      "import { net } from 'electron';",
      /may not import package electron/,
    ],
    [
      'Electron in the command line',
      file.cli,
      "import { app } from 'electron';",
      /may not import package electron/,
    ],
    // Node
    ['node: in the renderer', file.renderer, "import path from 'node:path';", /it runs without Node/],
    [
      'a builtin without its prefix in shared',
      file.shared,
      "import crypto from 'crypto';",
      /it runs without Node/,
    ],
    ['node: in the preload', file.preload, "import fs from 'node:fs';", /it runs without Node/],
    [
      'a builtin nobody classified',
      file.custodian,
      "import v8 from 'node:v8';",
      /a builtin nobody classified/,
    ],
    [
      'a child process in the vault',
      file.vault,
      "import { spawn } from 'node:child_process';",
      /may not import node:child_process/,
    ],
    // Networks
    ...['http', 'https', 'http2', 'net', 'tls', 'dgram', 'dns', 'dns/promises', 'inspector'].map(
      (name): [string, string, string, RegExp] => [
        `node:${name}`,
        file.main,
        `import x from 'node:${name}';`,
        /no module may reach a network/,
      ],
    ),
    [
      'a network builtin without its prefix',
      file.signers,
      "import net from 'net';",
      /no module may reach a network/,
    ],
    ...[
      'fetch',
      'new WebSocket',
      'new EventSource',
      'new XMLHttpRequest',
      'new WebTransport',
      'new RTCPeerConnection',
    ].map((call): [string, string, string, RegExp] => [
      `${call}()`,
      file.renderer,
      `export const x = ${call}('https://example.com');`,
      /no code path may reach a network/,
    ]),
  ])('finds: %s', (_name, path, line, message) => {
    const { code, lines } = check({ [path]: `${line}\n` });
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringMatching(message)]);
    expect(lines[0]).toMatch(new RegExp(`^${path}: `));
  });

  it('finds a folder that belongs to no layer', () => {
    for (const path of ['electron/helpers/new.ts', 'electron/new.ts']) {
      const { code, lines } = check({ [path]: 'export {};\n' });
      expect([code, lines]).toEqual([
        1,
        [expect.stringMatching(/^electron\/.*stands in a folder no layer is defined for/)],
      ]);
    }
  });

  it('finds each of several breaches, whatever the file is called', () => {
    const { lines } = check({
      'shared/tuf/one.mts': "import 'node:fs';\n",
      'shared/tuf/two.cjs': "const fs = require('fs');\n",
      'renderer/src/three.jsx': "import\n  {\n  x,\n} from\n  'left-pad';\nimport 'node:net';\n",
    });
    expect(lines).toHaveLength(4);
  });

  it('is not misled by comments, strings and names that only look like it', () => {
    const text = [
      "// import fs from 'node:fs';",
      "/* import fs from 'node:fs'; */",
      'export const prefetch = (x: string) => x;',
      "prefetch('x');",
      "// fetch('https://example.com')",
      "export const url = 'https://example.com';",
    ].join('\n');
    expect(check({ [file.shared]: `${text}\n` })).toEqual({ code: 0, lines: [] });
  });
});
