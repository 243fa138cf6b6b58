/** What a printed file holds, sheet by sheet, as poppler reads it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import {
  type RunResult,
  removeTemporaryDirectory,
  runProgram,
  temporaryDirectory,
} from '../../interop/peers/run.ts';
import { findProgram } from '../../runtime/display.ts';

/** Why printed files cannot be read here; undefined when they can. */
export const whyNoPages = (): string | undefined =>
  ['pdftotext', 'pdftoppm'].every(name => findProgram(name) !== undefined)
    ? undefined
    : 'pdftotext and pdftoppm are not installed (Debian: apt-get install poppler-utils)';

/** @returns the text of each sheet, laid out as it is printed */
export async function sheetsOf(pdf: string): Promise<string[]> {
  const { stdout } = await must(runProgram('pdftotext', ['-layout', pdf, '-']));
  return stdout.split('\f').filter(sheet => sheet.trim() !== '');
}

/** Each sheet says which one it is, and of how many. */
export function expectNumbered(sheets: readonly string[]): void {
  sheets.forEach((sheet, index) => {
    expect(sheet).toMatch(new RegExp(`^\\s*Page ${index + 1} of ${sheets.length}\\s*$`, 'm'));
  });
}

/**
 * Every sheet is black on white: mostly white, no colour, and nothing printed in the outermost 8 mm, where printers
 * cannot print.
 */
export async function expectBlackOnWhite(pdf: string): Promise<void> {
  const folder = temporaryDirectory('sheets');
  try {
    const dotsPerInch = 50;
    await must(runProgram('pdftoppm', ['-r', String(dotsPerInch), pdf, path.join(folder, 'sheet')]));
    const { stdout } = await must(runProgram('ls', [folder]));
    for (const name of stdout.trim().split('\n')) {
      const { width, height, pixels } = readPicture(readFileSync(path.join(folder, name)));
      const edge = Math.floor((8 / 25.4) * dotsPerInch);
      let white = 0;
      let coloured = 0;
      let atEdge = 0;
      for (let place = 0; place < width * height; place += 1) {
        const [red = 0, green = 0, blue = 0] = pixels.subarray(place * 3, place * 3 + 3);
        const isWhite = red + green + blue === 3 * 255;
        if (isWhite) white += 1;
        if (red !== green || green !== blue) coloured += 1;
        const [across, down] = [place % width, Math.floor(place / width)];
        const isOutermost = across < edge || down < edge || across >= width - edge || down >= height - edge;
        if (isOutermost && !isWhite) atEdge += 1;
      }
      expect({ name, coloured, atEdge, mostlyWhite: white > 0.7 * width * height }).toEqual({
        name,
        coloured: 0,
        atEdge: 0,
        mostlyWhite: true,
      });
    }
  } finally {
    removeTemporaryDirectory(folder);
  }
}

/** A binary PPM (P6, 8 bits), as pdftoppm writes it. */
function readPicture(file: Buffer): { width: number; height: number; pixels: Uint8Array } {
  const [head = '', width = '', height = ''] =
    /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(file.subarray(0, 40).toString('latin1')) ?? [];
  if (head === '') throw new Error('not a picture of pdftoppm');
  return { width: Number(width), height: Number(height), pixels: file.subarray(head.length) };
}

async function must(running: Promise<RunResult>): Promise<RunResult> {
  const result = await running;
  if (result.code !== 0) throw new Error(result.output);
  return result;
}
