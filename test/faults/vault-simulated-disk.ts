/**
 * A disk in memory that can fail at any operation and lose power at any instant. It keeps two truths: what a running
 * program sees, and what is certain to be on the medium (synced). After a power cut, what was not synced is there,
 * partly there, there as zeros, or not there, in every combination a real file system may leave.
 */
import path from 'node:path';
import type { FileSystem, OpenFile } from '../../electron/platform/file-system.ts';

/** Stands for the machine going dark: no code runs after it, so nothing may depend on catching it. */
export class PowerCut extends Error {
  readonly code = 'POWER-CUT';
}

interface FileNode {
  readonly kind: 'file';
  seen: Uint8Array;
  synced: Uint8Array;
  mode: number;
}
interface FolderNode {
  readonly kind: 'folder';
  seen: Map<string, Node>;
  synced: Map<string, Node>;
  /** Changes to the names since the last sync of the folder, in order; a rename is one. */
  pending: ((names: Map<string, Node>) => void)[];
  mode: number;
}
type Node = FileNode | FolderNode;

export interface Fault {
  /** The number of the operation it strikes, counting from 0. */
  readonly at: number;
  /** `cut`: the power goes. Otherwise the error the operation answers with, having done nothing or half. */
  readonly code: 'cut' | 'ENOSPC' | 'EIO' | 'EACCES' | 'EROFS';
  /** Every later operation that writes fails too, until `fault` is set anew. */
  readonly lasting?: boolean;
}

const newFolder = (mode: number): FolderNode => ({
  kind: 'folder',
  seen: new Map(),
  synced: new Map(),
  pending: [],
  mode,
});

const systemError = (code: string, place: string) => Object.assign(new Error(`${code}: ${place}`), { code });

/** Small repeatable random numbers: a failing run is repeated from its seed. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export class SimulatedDisk implements FileSystem {
  #root: FolderNode;
  #dark = false;
  /** How many operations have been asked for. */
  operations = 0;
  fault: Fault | undefined;

  constructor(root: FolderNode = newFolder(0o700)) {
    this.#root = root;
  }

  get dark(): boolean {
    return this.#dark;
  }

  /** Counts an operation and lets the fault strike. `half` is what a stricken write manages to do first. */
  #operate(place: string, writes: boolean, half?: () => void): void {
    if (this.#dark) throw new PowerCut('the machine is off');
    const number = this.operations;
    this.operations += 1;
    const { fault } = this;
    if (fault === undefined || number < fault.at) return;
    if (fault.code === 'cut') {
      half?.();
      this.#dark = true;
      throw new PowerCut(`power cut at operation ${number}: ${place}`);
    }
    const strikes = number === fault.at || (fault.lasting === true && writes);
    if (!strikes) return;
    // Only what takes room meets a full disk, and only what writes meets a write protection.
    if (!writes && (fault.code === 'ENOSPC' || fault.code === 'EROFS')) return;
    half?.();
    throw systemError(fault.code, place);
  }

  #find(place: string): Node {
    let node: Node = this.#root;
    for (const name of place.split('/').filter(Boolean)) {
      if (node.kind !== 'folder') throw systemError('ENOTDIR', place);
      const next: Node | undefined = node.seen.get(name);
      if (!next) throw systemError('ENOENT', place);
      node = next;
    }
    return node;
  }

  #folder(place: string): FolderNode {
    const node = this.#find(place);
    if (node.kind !== 'folder') throw systemError('ENOTDIR', place);
    return node;
  }

  #change(folder: FolderNode, change: (names: Map<string, Node>) => void): void {
    change(folder.seen);
    folder.pending.push(change);
  }

  async open(
    place: string,
    mode: 'read' | 'change' | 'create' | 'append',
    permissions = 0o600,
  ): Promise<OpenFile> {
    this.#operate(`open ${place}`, mode === 'create');
    if (mode === 'create') {
      const folder = this.#folder(path.dirname(place));
      const name = path.basename(place);
      if (folder.seen.has(name)) throw systemError('EEXIST', place);
      const made: FileNode = {
        kind: 'file',
        seen: new Uint8Array(0),
        synced: new Uint8Array(0),
        mode: permissions,
      };
      this.#change(folder, names => names.set(name, made));
    }
    const node = this.#find(place);
    if (node.kind !== 'file') throw systemError('EISDIR', place);
    const put = (bytes: Uint8Array, at: number) => {
      const grown = new Uint8Array(Math.max(node.seen.length, at + bytes.length));
      grown.set(node.seen);
      grown.set(bytes, at);
      node.seen = grown;
    };
    return {
      write: async (bytes, position) => {
        const at = mode === 'append' || position === null ? node.seen.length : position;
        this.#operate(`write ${place}`, true, () => put(bytes.subarray(0, bytes.length >> 1), at));
        put(bytes, at);
        return bytes.length;
      },
      read: async (bytes, position) => {
        this.#operate(`read ${place}`, false);
        const part = node.seen.subarray(position, position + bytes.length);
        bytes.set(part);
        return part.length;
      },
      sync: async () => {
        this.#operate(`sync ${place}`, true);
        node.synced = node.seen;
      },
      truncate: async length => {
        this.#operate(`truncate ${place}`, false);
        node.seen = node.seen.slice(0, length);
      },
      size: async () => node.seen.length,
      close: async () => {},
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#operate(`rename ${to}`, true);
    const node = this.#find(from);
    if (path.dirname(from) !== path.dirname(to)) throw systemError('EXDEV', to);
    this.#change(this.#folder(path.dirname(to)), names => {
      names.delete(path.basename(from));
      names.set(path.basename(to), node);
    });
  }

  async link(existing: string, name: string): Promise<void> {
    this.#operate(`link ${name}`, true);
    const node = this.#find(existing);
    const folder = this.#folder(path.dirname(name));
    if (folder.seen.has(path.basename(name))) throw systemError('EEXIST', name);
    this.#change(folder, names => names.set(path.basename(name), node));
  }

  async remove(place: string): Promise<void> {
    this.#operate(`remove ${place}`, false);
    this.#find(place);
    this.#change(this.#folder(path.dirname(place)), names => names.delete(path.basename(place)));
  }

  async removeFolder(place: string): Promise<void> {
    return this.remove(place);
  }

  async makeFolder(place: string, permissions: number): Promise<void> {
    this.#operate(`make ${place}`, true);
    const parent = this.#folder(path.dirname(place));
    if (parent.seen.has(path.basename(place))) throw systemError('EEXIST', place);
    const made = newFolder(permissions);
    this.#change(parent, names => names.set(path.basename(place), made));
  }

  async list(place: string): Promise<string[]> {
    this.#operate(`list ${place}`, false);
    return [...this.#folder(place).seen.keys()].sort();
  }

  async describe(place: string) {
    this.#operate(`describe ${place}`, false);
    const node = this.#find(place);
    return { kind: node.kind, size: node.kind === 'file' ? node.seen.length : 0, mode: node.mode };
  }

  async changeMode(place: string, permissions: number): Promise<void> {
    this.#operate(`mode ${place}`, true);
    this.#find(place).mode = permissions;
  }

  async syncFolder(place: string): Promise<void> {
    this.#operate(`sync folder ${place}`, true);
    const folder = this.#folder(place);
    folder.synced = new Map(folder.seen);
    folder.pending = [];
  }

  /** All files and their contents as a running program sees them. */
  files(): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    const visit = (folder: FolderNode, prefix: string) => {
      for (const [name, node] of folder.seen) {
        if (node.kind === 'file') found.set(`${prefix}/${name}`, node.seen);
        else visit(node, `${prefix}/${name}`);
      }
    };
    visit(this.#root, '');
    return found;
  }

  /**
   * What the machine finds when the power is back: one of the many possible ways. `way` (0 to 4) says what became of
   * unsynced contents instead of leaving it to chance.
   */
  afterPowerCut(random: (below: number) => number, way?: number): SimulatedDisk {
    const done = new Map<Node, Node>();
    const content = ({ seen, synced }: FileNode): Uint8Array => {
      if (seen === synced) return seen;
      const part = random(seen.length + 1);
      switch (way ?? random(5)) {
        case 0:
          return synced;
        case 1:
          return seen;
        case 2:
          // Part of it arrived, the length too: the rest is zeros.
          return Uint8Array.from(seen, (byte, at) => (at < part || at < synced.length ? byte : 0));
        case 3:
          // A block in the middle never arrived, what follows did.
          return Uint8Array.from(seen, (byte, at) => (at >= synced.length && at < part ? 0 : byte));
        default:
          // A file only ever grows or is cut here: either way some length between the two.
          return seen.length >= synced.length
            ? seen.slice(0, synced.length + random(seen.length - synced.length + 1))
            : synced.slice(0, seen.length + random(synced.length - seen.length + 1));
      }
    };
    const survive = (node: Node): Node => {
      const known = done.get(node);
      if (known) return known;
      if (node.kind === 'file') {
        const bytes = content(node);
        const file: FileNode = { kind: 'file', seen: bytes, synced: bytes, mode: node.mode };
        done.set(node, file);
        return file;
      }
      const names = new Map(node.synced);
      for (const change of node.pending.slice(0, random(node.pending.length + 1))) change(names);
      const folder = newFolder(node.mode);
      for (const [name, child] of names) folder.seen.set(name, survive(child));
      folder.synced = new Map(folder.seen);
      done.set(node, folder);
      return folder;
    };
    return new SimulatedDisk(survive(this.#root) as FolderNode);
  }
}
