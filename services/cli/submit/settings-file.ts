import { type Patience, untilItPasses } from '../service/patience.ts';
import { refusalOf, type ServiceClient, ServiceError } from '../service/service-client.ts';
import type { SubmitPlan } from './plan.ts';
import type { ManifestEntry } from './send-files.ts';

const ANSWER_MS = 60_000;

/**
 * Sends `<shot>.render.json` with the manifest. It goes last: an explicit submission, rendered at once when all that it
 * names is there. A lost connection is tried again: the same bytes once more make no new run. Throws `ServiceError`.
 */
export async function sendSettings(
  client: ServiceClient,
  { settings, settingsPath }: Pick<SubmitPlan, 'settings' | 'settingsPath'>,
  inputs: readonly ManifestEntry[],
  patience?: Patience,
): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify({ ...settings, inputs }, null, 2)}\n`);
  await untilItPasses(() => sendBytes(client, settingsPath, bytes), patience);
}

async function sendBytes(client: ServiceClient, path: string, bytes: Buffer): Promise<void> {
  const { url } = await client.post<{ readonly url: string }>('/uploads', { path, size: bytes.length });
  const response = await fetch(url, {
    method: 'PUT',
    body: new Uint8Array(bytes),
    redirect: 'manual',
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch((cause: unknown) => {
    throw new ServiceError('The connection was lost while the settings were sent.', null, { cause });
  });
  if (!response.ok) throw await refusalOf(response);
  await response.body?.cancel();
}
