import { EncryptJWT, jwtDecrypt } from 'jose';
import type { z } from 'zod';
import type { EpochMs } from '../core/time.ts';

/** What browsers keep for us in cookies and can neither read nor change (JWE, AES-256-GCM). Nothing is kept here. */
export interface Seals {
  /** What is sealed for one purpose cannot be opened for another. It is over at `endsAt` (to the second). */
  seal(purpose: string, content: Readonly<Record<string, unknown>>, endsAt: EpochMs): Promise<string>;
  /** `null` = it is none of ours, was changed, is for another purpose or over. */
  open<T>(
    purpose: string,
    text: string,
    schema: z.ZodType<T>,
  ): Promise<{ readonly content: T; readonly endsAt: EpochMs } | null>;
}

const HEADER = { alg: 'dir', enc: 'A256GCM' } as const;

/** `key`: 32 bytes. Whatever was sealed with another one is opened no more. */
export function createSeals(key: Uint8Array, clock: { now(): EpochMs }): Seals {
  return {
    seal: (purpose, content, endsAt) =>
      new EncryptJWT({ content })
        .setProtectedHeader(HEADER)
        .setAudience(purpose)
        .setExpirationTime(Math.floor(endsAt / 1000))
        .encrypt(key),

    open: async (purpose, text, schema) => {
      const opened = await jwtDecrypt(text, key, {
        audience: purpose,
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp'],
        keyManagementAlgorithms: [HEADER.alg],
        contentEncryptionAlgorithms: [HEADER.enc],
        // Whatever is wrong with it, it counts for nothing.
      }).catch(() => null);
      const content = schema.safeParse(opened?.payload.content).data;
      if (opened?.payload.exp === undefined || content === undefined) return null;
      return { content, endsAt: opened.payload.exp * 1000 };
    },
  };
}
