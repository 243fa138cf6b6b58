import { type ParentPort, startCustodian } from './process.ts';

// What Electron's utility process runs.
const { parentPort } = process as { parentPort?: ParentPort };
if (parentPort !== undefined) startCustodian(parentPort);
