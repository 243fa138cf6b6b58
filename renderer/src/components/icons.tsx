/** Small signs that go with words, never instead of them: all are hidden from assistive technology. */
const paths = {
  check: 'M3.5 8.5l3 3 6-7',
  cross: 'M4 4l8 8M12 4l-8 8',
  warning: 'M8 2.2L14.6 13.6H1.4L8 2.2zM8 6.4v3.4M8 11.6v.2',
  info: 'M8 14.2A6.2 6.2 0 108 1.8a6.2 6.2 0 000 12.4zM8 7.4v3.4M8 5v.2',
  up: 'M8 12.5v-9M4 7l4-4 4 4',
  down: 'M8 3.5v9M4 9l4 4 4-4',
  token: 'M2 6.4h3v3.2H2zM5 4.6h7.4A1.6 1.6 0 0114 6.2v3.6a1.6 1.6 0 01-1.6 1.6H5zM9.6 8h.1',
  file: 'M4 1.8h5.2L12.4 5v9.2H4zM9 2v3.4h3.2',
  shield: 'M8 1.8l5 1.8v4c0 3.2-2.1 5.5-5 6.6-2.9-1.1-5-3.4-5-6.6v-4z',
  sun: 'M8 11a3 3 0 100-6 3 3 0 000 6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9',
  moon: 'M13.2 9.6A5.6 5.6 0 016.4 2.8a5.6 5.6 0 106.8 6.8z',
  half: 'M8 14a6 6 0 100-12 6 6 0 000 12zM8 4.6v6.8a3.4 3.4 0 000-6.8z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}
