import { adopt } from './en/adopt.ts';
import { backups } from './en/backups.ts';
import { bundle } from './en/bundle.ts';
import { ceremony } from './en/ceremony.ts';
import { change } from './en/change.ts';
import { common } from './en/common.ts';
import { difference } from './en/difference.ts';
import { drill } from './en/drill.ts';
import { errors } from './en/errors.ts';
import { home } from './en/home.ts';
import { inspect } from './en/inspect.ts';
import { keySteps } from './en/key-steps.ts';
import { planner } from './en/planner.ts';
import { qr } from './en/qr.ts';
import { recover } from './en/recover.ts';
import { split } from './en/split.ts';
import { steps } from './en/steps.ts';
import { together } from './en/together.ts';
import { tokens } from './en/tokens.ts';
import { verify } from './en/verify.ts';
import { welcome } from './en/welcome.ts';

/**
 * Everything the window says. One object a language, one file a part of the window; a translation is another
 * folder beside `en` of the same shape.
 */
export const t = {
  adopt,
  backups,
  bundle,
  ceremony,
  change,
  common,
  difference,
  drill,
  errors,
  home,
  inspect,
  keySteps,
  planner,
  qr,
  recover,
  split,
  steps,
  together,
  tokens,
  verify,
  welcome,
};
export type Messages = typeof t;
