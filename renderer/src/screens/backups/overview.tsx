import { useState } from 'react';
import type { BackupsView, BackupView } from '../../../../shared/contract/backup-views.ts';
import { Action } from '../../components/action.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { dateInWords } from '../../components/format.ts';
import { SubHeading } from '../../components/heading.tsx';
import { Icon } from '../../components/icons.tsx';
import { t } from '../../messages/index.ts';
import { useBackups } from '../../stores/backups.ts';
import css from './backups.module.css';
import { CareList, pageOf } from './care-list.tsx';
import { PolicyDialog } from './policy-dialog.tsx';

const words = t.backups;

interface Row {
  readonly key: string;
  readonly cells: readonly React.ReactNode[];
}

/** One line a share or bundle: what it is, who has it where, its bag, when it was last tried. */
function rowsOf(backup: BackupView): Row[] {
  const times = backup.keys.flatMap(key => (key.provenAt === undefined ? [] : [key.provenAt])).sort();
  const last = times.at(-1);
  const tried = last === undefined ? words.never : dateInWords(last);
  if (backup.shares) {
    return backup.shares.groups.flatMap(group =>
      group.custodians.map(custodian => ({
        key: `${backup.id}-${custodian.number}`,
        cells: [
          `${words.set(backup.shares?.name ?? '')}, ${words.shareOf(custodian.number).toLowerCase()}`,
          [custodian.name, custodian.place ?? words.noPlace].join(', '),
          custodian.bag ?? words.noBag,
          tried,
        ],
      })),
    );
  }
  const { file, place, bag, recipients } = backup.bundle ?? { file: '', recipients: [] };
  return [
    {
      key: backup.id,
      cells: [
        file,
        [recipients.map(one => one.name).join(', '), place ?? words.noPlace].filter(Boolean).join(', '),
        bag ?? words.noBag,
        tried,
      ],
    },
  ];
}

/** What is due, and the whole inventory. */
export function Overview({ view }: { readonly view: BackupsView }) {
  const goTo = useBackups(state => state.goTo);
  const [changing, setChanging] = useState(false);
  const isAllProven = view.keys.every(({ state }) => state === 'proven' || state === 'stays-on-token');
  const counting = view.backups.filter(backup => backup.state !== 'void');
  return (
    <>
      <SubHeading>{words.due}</SubHeading>
      {view.due.length === 0 ? (
        <p className={css.nothing}>
          <Icon name="check" />
          {isAllProven ? words.nothingDue : words.nothingDueYet}
        </p>
      ) : (
        <CareList
          items={view.due}
          onLook={item => goTo(pageOf(item))}
          isHere={item => item.about.kind === 'bundle'}
        />
      )}
      <SubHeading>{words.inventory}</SubHeading>
      {counting.length === 0 ? (
        <p className={css.text}>{words.noBackups}</p>
      ) : (
        <DataTable
          caption={words.inventory}
          columns={[
            { title: words.columns.what },
            { title: words.columns.who },
            { title: words.columns.bag, mono: true, whole: true },
            { title: words.columns.last, whole: true },
          ]}
          rows={counting.flatMap(rowsOf)}
        />
      )}
      <div className={css.terms}>
        <p className={css.text}>
          {words.policy.proveRow(view.policy.proveEvery)}. {words.policy.drillRow(view.policy.drillEvery)}.
        </p>
        <Action small onPress={() => setChanging(true)}>
          {words.actions.policy}
        </Action>
      </div>
      {changing && <PolicyDialog view={view} onClose={() => setChanging(false)} />}
    </>
  );
}
