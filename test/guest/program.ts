/** What runs in the guest, in one of its parts: `scenarios RESULTS`, `tokens`, or `ordinary-user`. */
import { serveAsOrdinaryUser } from './ordinary-user.ts';
import { runScenarios } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { serveTokens } from './token-server.ts';

const [, program = '', part, results = ''] = process.argv;
switch (part) {
  case 'scenarios':
    await runScenarios(scenarios, program, results);
    // A native package may keep the process alive; there is nothing left to do.
    process.exit();
    break;
  case 'tokens':
    serveTokens();
    break;
  case 'ordinary-user':
    await serveAsOrdinaryUser();
    break;
  default:
    throw new Error(`there is no part ${part}`);
}
