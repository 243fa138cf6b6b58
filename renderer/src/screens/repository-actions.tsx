import type { HomeView } from '../../../shared/contract/views.ts';
import { Action } from '../components/action.tsx';
import { t } from '../messages/index.ts';
import { openBackups } from '../stores/backups.ts';
import { useChange } from '../stores/change.ts';
import { useMove } from '../stores/move-draft.ts';
import { useNavigation } from '../stores/navigation.ts';
import css from './repository-actions.module.css';

type Repository = HomeView['repositories'][number];

/** What can be done to a repository: changed, and, from Notary, moved. */
export function RepositoryActions({
  repository,
  ceremonies,
}: {
  readonly repository: Repository;
  readonly ceremonies: HomeView['ceremonies'];
}) {
  const go = useNavigation(state => state.go);
  const words = t.home.repository;
  const open = ceremonies.find(
    ceremony =>
      ceremony.state === 'open' &&
      ceremony.repository === repository.name &&
      ceremony.dialect === repository.dialect &&
      ceremony.rehearsal === repository.rehearsal,
  );
  if (open) return <p className={css.note}>{words.open(open.title)}</p>;
  const change = () => {
    useChange.getState().begin(repository);
    go({ name: 'change' });
  };
  const move = () => {
    useMove.getState().begin(repository);
    go({ name: 'move' });
  };
  const { succeededBy, dialect } = repository;
  return (
    <div className={css.actions}>
      <Action small label={words.changeLabel(repository.name, t.common.dialect[dialect])} onPress={change}>
        {words.change}
      </Action>
      <Action
        small
        kind="quiet"
        label={words.backupsLabel(repository.name, t.common.dialect[dialect])}
        onPress={() => openBackups({ rehearsal: repository.rehearsal })}
      >
        {words.backups}
      </Action>
      {dialect === 'notary-v1' && !succeededBy && (
        <Action small kind="quiet" label={words.moveLabel(repository.name)} onPress={move}>
          {words.move}
        </Action>
      )}
    </div>
  );
}

/** Which repository this one succeeds, and which succeeds it. */
export function Succession({ repository }: { readonly repository: Repository }) {
  const words = t.home.repository;
  const { succeeds, succeededBy } = repository;
  if (!succeeds && !succeededBy) return null;
  return (
    <p className={css.note}>
      {succeeds && words.succeeds(succeeds.name, t.common.dialect[succeeds.dialect])}
      {succeeds && succeededBy && ' '}
      {succeededBy && words.succeededBy(succeededBy.name, t.common.dialect[succeededBy.dialect])}
    </p>
  );
}
