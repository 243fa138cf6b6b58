/** The options of webContents.printToPDF as Chromium's debugging protocol wants them. Lengths are inches. */
import { checkOptions, refuse } from './strict.mjs';

const paperSizes = {
  A0: [33.1, 46.8],
  A1: [23.4, 33.1],
  A2: [16.54, 23.4],
  A3: [11.7, 16.54],
  A4: [8.27, 11.7],
  A5: [5.83, 8.27],
  A6: [4.13, 5.83],
  Legal: [8.5, 14],
  Letter: [8.5, 11],
  Tabloid: [11, 17],
  Ledger: [17, 11],
};
const sameNames = [
  'landscape',
  'displayHeaderFooter',
  'printBackground',
  'scale',
  'pageRanges',
  'headerTemplate',
  'footerTemplate',
  'preferCSSPageSize',
  'generateTaggedPDF',
  'generateDocumentOutline',
];

export function pdfParameters(options) {
  checkOptions('printToPDF', options, new Set([...sameNames, 'pageSize', 'margins']));
  const parameters = {};
  for (const name of sameNames) if (options[name] !== undefined) parameters[name] = options[name];
  const { pageSize, margins } = options;
  if (typeof pageSize === 'string') {
    const size = paperSizes[pageSize] ?? refuse(`the page size ${pageSize}`);
    [parameters.paperWidth, parameters.paperHeight] = size;
  } else if (pageSize !== undefined) {
    parameters.paperWidth = pageSize.width;
    parameters.paperHeight = pageSize.height;
  }
  if (margins !== undefined) {
    checkOptions('printToPDF margins', margins, new Set(['top', 'bottom', 'left', 'right']));
    for (const [side, name] of [
      ['top', 'marginTop'],
      ['bottom', 'marginBottom'],
      ['left', 'marginLeft'],
      ['right', 'marginRight'],
    ]) {
      if (margins[side] !== undefined) parameters[name] = margins[side];
    }
  }
  return parameters;
}
