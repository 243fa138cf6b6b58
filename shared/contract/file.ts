import { z } from 'zod';

/** A file as it is handed over: its name, for messages, and its bytes. At most 32 MiB. */
export const fileSchema = z.strictObject({
  name: z.string().min(1).max(255),
  bytes: z.instanceof(Uint8Array).refine(bytes => bytes.length <= 32 * 1024 * 1024, 'at most 32 MiB'),
});
export type FileInput = z.infer<typeof fileSchema>;
