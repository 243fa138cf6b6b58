import type { ReactNode } from 'react';
import css from './data-table.module.css';

export interface Column {
  readonly title: string;
  readonly mono?: boolean;
  readonly end?: boolean;
  /** Never broken into two lines. */
  readonly whole?: boolean;
}

/** A plain table: one row a thing, the first cell its heading. */
export function DataTable({
  caption,
  columns,
  rows,
}: {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly { readonly key: string; readonly cells: readonly ReactNode[] }[];
}) {
  return (
    <div className={css.frame}>
      <table className={css.table}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(column => (
              <th key={column.title} scope="col" data-end={column.end || undefined}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={row.key}>
              {row.cells.map((cell, index) => {
                const column = columns[index];
                const marks = {
                  'data-mono': column?.mono || undefined,
                  'data-end': column?.end || undefined,
                  'data-whole': column?.whole || undefined,
                };
                return index === 0 ? (
                  <th key={column?.title} scope="row" {...marks}>
                    {cell}
                  </th>
                ) : (
                  <td key={column?.title} {...marks}>
                    {cell}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
