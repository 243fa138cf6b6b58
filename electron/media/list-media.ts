import { readdirSync, readFileSync, readlinkSync, realpathSync, statfsSync } from 'node:fs';
import path from 'node:path';

/** A removable medium that is mounted now. */
export interface Medium {
  /** Where it is mounted. */
  readonly path: string;
  /** Its own name, or the name of the folder it is mounted at. */
  readonly label: string;
  readonly device: string;
  readonly fileSystem: string;
  readonly freeBytes: number;
  readonly readOnly: boolean;
}

export interface ListMediaOptions {
  /** The root of the file system; another one in tests. */
  readonly root?: string;
  readonly platform?: NodeJS.Platform;
}

/** Where a system that itself runs from a USB stick mounts it. Those are not media to write a ceremony to. */
const systemPlaces = ['/boot', '/efi', '/etc', '/home', '/lib', '/nix', '/opt', '/run/live', '/usr', '/var'];

/**
 * Lists what a person would call a USB stick, a memory card or a disc: mounted file systems whose disk says
 * that it is removable or hangs on USB, encrypted ones included. Each disk partition once.
 *
 * On other systems than Linux the list is empty: the destination is then chosen as a folder.
 */
export function listMedia({ root = '/', platform = process.platform }: ListMediaOptions = {}): Medium[] {
  if (platform !== 'linux') return [];
  const labels = readLabels(root);
  const media = new Map<string, Medium>();
  for (const mount of readMounts(root)) {
    if (media.has(mount.source) || isSystemPlace(mount.path)) continue;
    const device = findDevice(root, mount);
    if (device === undefined || !isRemovable(device)) continue;
    media.set(mount.source, {
      path: mount.path,
      label: labels.get(path.basename(device)) ?? path.basename(mount.path),
      device: `/dev/${path.basename(device)}`,
      fileSystem: mount.fileSystem,
      freeBytes: freeBytes(path.join(root, mount.path)),
      readOnly: mount.readOnly || read(device, 'ro') === '1',
    });
  }
  return [...media.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
}

interface Mount {
  readonly path: string;
  /** `8:17` */
  readonly deviceNumber: string;
  readonly source: string;
  readonly fileSystem: string;
  readonly readOnly: boolean;
}

/** Reads /proc/self/mountinfo (proc(5)): ID, parent, device, root, place, options, fields … - type, source, options. */
function readMounts(root: string): Mount[] {
  return (readText(path.join(root, 'proc/self/mountinfo')) ?? '').split('\n').flatMap(line => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , deviceNumber, , place, options] = before.split(' ');
    const [fileSystem, source, superOptions] = after.split(' ');
    if (deviceNumber === undefined || place === undefined || fileSystem === undefined || source === undefined)
      return [];
    const isReadOnly = [options, superOptions].some(list => list?.split(',').includes('ro') === true);
    return [
      {
        path: withoutEscapes(place),
        deviceNumber,
        source: withoutEscapes(source),
        fileSystem,
        readOnly: isReadOnly,
      },
    ];
  });
}

/** The kernel writes a space, a tab, a newline and a backslash as \040, \011, \012 and \134. */
function withoutEscapes(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_whole, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function isSystemPlace(place: string): boolean {
  return place === '/' || systemPlaces.some(system => place === system || place.startsWith(`${system}/`));
}

/** @returns the folder in /sys of the block device a file system is on, if it is on one. */
function findDevice(root: string, mount: Mount): string | undefined {
  const byNumber = realPath(path.join(root, 'sys/dev/block', mount.deviceNumber));
  if (byNumber !== undefined) return byNumber;
  // btrfs and file systems in user space (NTFS, exFAT on older systems) have a device number of their own.
  if (!mount.source.startsWith('/dev/')) return undefined;
  const device = realPath(path.join(root, mount.source)) ?? mount.source;
  return realPath(path.join(root, 'sys/class/block', path.basename(device)));
}

function isRemovable(device: string, depth = 0): boolean {
  // A partition lies below its disk.
  const disk = read(device, 'partition') === undefined ? device : path.dirname(device);
  if (read(disk, 'removable') === '1') return true;
  const isOnUsb = /\/usb\d+\//.test(`${disk}/`);
  const isMemoryCard = /\/mmc_host\//.test(disk) && read(disk, 'device/type') === 'SD';
  if (isOnUsb || isMemoryCard) return true;
  // An encrypted or composed device is as removable as what it lies on.
  const below = depth < 5 ? entriesOf(path.join(disk, 'slaves')) : [];
  return below.some(name => {
    const lower = realPath(path.join(disk, 'slaves', name));
    return lower !== undefined && isRemovable(lower, depth + 1);
  });
}

/** From a device's name (`sdb1`) to its label; udev writes odd characters as \x20. */
function readLabels(root: string): Map<string, string> {
  const folder = path.join(root, 'dev/disk/by-label');
  const labels = new Map<string, string>();
  for (const entry of entriesOf(folder)) {
    try {
      const bytes = entry.replace(/\\x([0-9a-f]{2})/gi, (_whole, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      const label = entry.includes('\\x') ? Buffer.from(bytes, 'latin1').toString('utf8') : entry;
      // A label is whatever somebody gave the medium: nothing in it may change how a line is shown.
      labels.set(
        path.basename(readlinkSync(path.join(folder, entry))),
        label.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?'),
      );
    } catch {
      // It was pulled just now.
    }
  }
  return labels;
}

function freeBytes(place: string): number {
  try {
    const { bavail, bsize } = statfsSync(place);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function read(folder: string, name: string): string | undefined {
  return readText(path.join(folder, name))?.trim();
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
