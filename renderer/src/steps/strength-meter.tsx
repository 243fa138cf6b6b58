import { passphraseRule } from '../../../shared/ceremony/passphrase-rule.ts';
import { cx } from '../components/classes.ts';
import { t } from '../messages/index.ts';
import type { Score } from '../strength.ts';
import css from './strength-meter.module.css';

const words = t.steps.generateKey;

/** How a passphrase weighs: its length and score, never its text. */
export interface Weight {
  readonly characters: number;
  readonly score: Score | null;
}

/** @returns what the meter says. */
function verdict({ characters, score }: Weight): string {
  if (characters === 0) return words.strengthEmpty;
  if (characters < passphraseRule.characters)
    return words.strengthShort(passphraseRule.characters - characters);
  return score === null ? words.strengthLoading : (words.strengthWords[score] ?? '');
}

/** The strength of a new passphrase, in words; the segments only repeat it. */
export function StrengthMeter({ weight }: { readonly weight: Weight }) {
  const short = weight.characters < passphraseRule.characters;
  const filled = weight.characters === 0 || weight.score === null ? 0 : short ? 1 : weight.score + 1;
  const enough = !short && (weight.score ?? 0) >= passphraseRule.score;
  return (
    <div className={css.meter}>
      <span className={css.segments} aria-hidden="true">
        {[1, 2, 3, 4, 5].map(place => (
          <span
            key={place}
            className={cx(css.segment, place <= filled && (enough ? css.enough : css.some))}
          />
        ))}
      </span>
      <p role="status" className={css.words}>
        <span className="visually-hidden">{words.strength}: </span>
        {verdict(weight)}
      </p>
    </div>
  );
}
