import type { ErrorReport } from '../../../shared/contract/errors.ts';
import { t } from '../messages/index.ts';
import { Check } from './fields.tsx';
import { ErrorPanel } from './notice.tsx';

/** Why something that opens a key was refused; where a network was in the way, with the choice to go on beside it. */
export function NetworkErrorPanel({
  error,
  goOn,
  onGoOn,
  reassure,
}: {
  readonly error: ErrorReport;
  /** Whether people decided to go on; the choice stays while they did. */
  readonly goOn: boolean;
  readonly onGoOn: (goOn: boolean) => void;
  readonly reassure?: string | undefined;
}) {
  return (
    <ErrorPanel error={error} reassure={reassure}>
      {(error.code === 'network-present' || goOn) && (
        <Check
          label={t.backups.networkGoOn}
          text={t.backups.networkGoOnText}
          checked={goOn}
          onChange={onGoOn}
        />
      )}
    </ErrorPanel>
  );
}
