import type { PlanPreview } from '../../../../shared/contract/views.ts';
import { Right, SideSection } from '../../components/frame.tsx';
import { Icon } from '../../components/icons.tsx';
import { t } from '../../messages/index.ts';
import css from './plan.module.css';
import type { Preview } from './use-preview.ts';

const words = t.change.side;

/** Who signs what, with which key: the signing steps of the script, without their common words. */
function Signers({ script }: { readonly script: PlanPreview['script'] }) {
  const steps = script.filter(step => step.kind === 'sign');
  return (
    <ul className={css.sideList}>
      {steps.map(step => (
        <li key={step.title}>
          {step.who} <span>{step.title.slice(step.who.length).replace(/^ signs /, '')}</span>
        </li>
      ))}
    </ul>
  );
}

export interface OutlookProps extends Preview {
  /** What the page itself says already. */
  readonly here?: PlanPreview['warnings'] | undefined;
  /** The page says everything but who signs. */
  readonly brief?: boolean;
}

/** What a plan would do, while it is being made: always in the same place, where the evidence will stand. */
export function Outlook({ preview, error, checking, here = [], brief = false }: OutlookProps) {
  const blocking =
    preview?.warnings.filter(
      warning => warning.blocking && !here.some(told => told.message === warning.message),
    ) ?? [];
  const clients = preview?.warnings.find(warning => warning.code === 'old-clients');
  const idle = !preview && !error && !checking;
  return (
    <Right label={words.label}>
      <div aria-busy={checking}>
        {idle && <p className={css.quiet}>{words.incomplete}</p>}
        {!preview && checking && <p className={css.quiet}>{words.checking}</p>}
        {(blocking.length > 0 || error) && (
          <SideSection title={words.inTheWay}>
            {error && (
              <p className={css.sideStop}>
                <Icon name="cross" />
                {error.message} {error.remedy}
              </p>
            )}
            {blocking.map(warning => (
              <p key={warning.message} className={css.sideStop}>
                <Icon name="cross" />
                {warning.message}
              </p>
            ))}
          </SideSection>
        )}
        {!brief && preview && preview.sentence !== '' && (
          <SideSection title={words.does}>
            <p className={css.sideText}>{preview.sentence}</p>
          </SideSection>
        )}
        {preview?.script.some(step => step.kind === 'sign') && (
          <SideSection title={words.mustSign}>
            <Signers script={preview.script} />
          </SideSection>
        )}
        {!brief && clients && (
          <SideSection title={words.clients}>
            <p className={css.sideText}>{clients.message}</p>
          </SideSection>
        )}
      </div>
    </Right>
  );
}
